"""From text to checked values: what knows Hydra, and builds nothing."""

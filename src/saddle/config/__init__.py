"""From text to checked values: everything that knows Hydra. Nothing is built here."""

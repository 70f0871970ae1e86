"""From checked values to objects: what builds a run."""

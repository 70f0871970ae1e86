"""From checked values to objects. Each part of a run is built once."""

"""Networks of a run as files that other programs read."""

"""Sweeps: the jobs of a multirun, each a run in a folder of its own, and the table that compares them."""

"""Sweeps: their jobs and the table of them."""

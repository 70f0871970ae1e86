"""Data sets, and the loader of rows in memory."""

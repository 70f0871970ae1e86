"""One training run: its folder, how it starts, goes on and ends, and what is left of it."""

"""One training run: its folder, how it starts, goes on and ends, and what it leaves behind."""

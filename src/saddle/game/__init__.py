"""Games: one file, one paper's algorithm box."""

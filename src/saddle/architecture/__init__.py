"""Generators and discriminators: one family, one file, the two side by side."""

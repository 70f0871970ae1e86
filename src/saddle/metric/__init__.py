"""Measures of samples against data: mathematics on features (N, D)."""

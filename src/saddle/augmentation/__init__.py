"""Differentiable augmentations of D's input."""

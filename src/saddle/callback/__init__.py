"""Callbacks read the module: what a person sees, what is saved, and when to stop."""

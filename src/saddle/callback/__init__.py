"""Callbacks read the module: what a person sees, what is kept, and when to stop."""

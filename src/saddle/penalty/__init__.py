"""Penalties: on D's input gradient, on weights, and on what G generates."""

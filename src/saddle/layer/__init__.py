"""Blocks without an opinion, shared by architectures."""

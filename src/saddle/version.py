"""The version of saddle, for whatever records it."""

__version__ = "0.3.0"

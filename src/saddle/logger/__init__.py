"""Where curves, pictures and texts of a run go beside its folder: loggers, and the one adapter to them."""

"""Training: the LightningModule, its executors, the clock, noise, averages and checkpoints."""

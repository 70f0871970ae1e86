"""The LightningModule and what it keeps time, noise and averages with."""

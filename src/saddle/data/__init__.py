"""Datasets, their LightningDataModules, and the in-memory loader."""

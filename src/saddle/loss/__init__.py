"""Adversarial losses: one loss, one file, each a pair of pure functions of logits."""

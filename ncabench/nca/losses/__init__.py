"""Losses: what a training makes small."""

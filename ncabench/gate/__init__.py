"""The regression check: what a suite measures now, against a committed baseline."""

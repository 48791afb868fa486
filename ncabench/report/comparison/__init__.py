"""A against B under one protocol: what stands opposite what, their differences, verdicts."""

"""Corruptions: what is done to an image that is to be restored."""

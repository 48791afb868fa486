"""Formats: how a document is written, one module each."""

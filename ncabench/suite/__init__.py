"""A TOML file becomes a typed Suite; no torch."""

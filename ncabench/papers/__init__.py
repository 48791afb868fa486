"""The papers' printed values, as data, and their loader."""

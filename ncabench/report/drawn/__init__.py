"""Figures as matplotlib draws them: the same bytes every time."""

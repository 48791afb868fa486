"""A study over keys of a suite: its trials are ordinary entries, its best an overlay.

space     what is tried, and a trial's parameters as overlays
study     the study, kept in SQLite; the only file that imports Optuna
measure   a trial's plan, and its value, read from the records
tuner     the whole study: ask, run, tell; pruning and resume
best      the best against the suite as it stands, on rng_seeds that no trial saw
written   the overlay and the document of a study, as files
"""

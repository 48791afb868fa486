"""A reproducibility benchmark for Neural Cellular Automata papers.

A benchmark flows through five folders, in this order:

    suite/   a TOML file becomes a typed Suite            (no torch)
    plan/    a Suite becomes a list of bound, hashed Entries
    run/     an Entry becomes a Record, measured on one device
    record/  a Record becomes MLflow runs                  (no torch)
    report/  MLflow runs become tables and figures         (no torch)

The science they bench is in nca/, which imports torch and nothing of the harness.
catalog.py finds its components by their path; schema.py checks what a suite sets.
An import always points up this list, never down; tests/test_architecture.py
holds the exact table.
"""

from ncabench.loading import load as load

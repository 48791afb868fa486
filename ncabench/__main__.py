"""Lets ``python -m ncabench`` do what ``ncabench`` does."""

from ncabench.cli import main

if __name__ == "__main__":
    main()

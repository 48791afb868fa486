"""Lets ``python -m ncabench`` do what ``ncabench`` does."""

from ncabench.cli.main import main

if __name__ == "__main__":
    main()

"""Trained networks that metrics and losses look through: where their weights are, how they run.

Weights are read with ``weights_only=True`` and only if their SHA-256 is the expected one.
Files that no installed package brings are looked for where PyTorch itself keeps such files:
``torch.hub.get_dir()/checkpoints``, which the variable ``TORCH_HOME`` moves.
"""

"""The science: neural cellular automata, and how they are trained and tested.

Glossary, one word for one thing:

- *state*: a grid of cells, ``(B, C, H, W)``; ``state_t`` is the state after t updates.
- *step*: one update of the automaton. *Iteration*: one update of its weights.
- *seed state*: ``state_0``. *rng_seed*: the number that all chance is keyed by.
- *layout*: which channels are frozen, visible, hidden, class scores (``state.Layout``).
- *label*: what a sample is about: a class, or the number of an image.
- *condition*: what the perception is told besides the state; never part of the state.
- *perception*: what a cell senses. *Update*: what it does about it.
- *fire rate*: the chance that a cell updates in a step. *Mask*: which cells do.
- *perturbation*: what is done to a state. *Damage*: what that leaves.
  *Recovery*: how much of it is made good, in percent.
- *protocol*: a measured rollout. *Metric*: a distance between images.

Nothing here imports MLflow, prints, reads the clock or the environment, or draws from a
global generator.
"""

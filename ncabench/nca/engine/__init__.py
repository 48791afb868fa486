"""How a rollout is executed; nca/rollout.py is the definition."""

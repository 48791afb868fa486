"""An Entry becomes a Record, measured on one device in a process of its own."""

"""One page of all that was measured, beside all that the papers print."""

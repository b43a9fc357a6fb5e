"""Pure: encoder, candidates, search space and loop, ensemble."""

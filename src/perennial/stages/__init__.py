"""Entries of the graph: one module per stage, read → call → write."""

"""Entry that answers requests."""

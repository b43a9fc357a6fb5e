"""Pure: contract, point-in-time rules, splits, profile."""

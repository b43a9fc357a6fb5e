"""Added metrics: one file each, see docs/extending.md."""

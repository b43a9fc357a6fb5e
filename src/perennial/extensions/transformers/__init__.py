"""Added input transformers: one file each, see docs/extending.md."""

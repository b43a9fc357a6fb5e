"""Added kinds of source: one file each, see docs/extending.md."""

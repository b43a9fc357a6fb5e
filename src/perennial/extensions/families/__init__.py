"""Added families: one file each, see docs/extending.md."""

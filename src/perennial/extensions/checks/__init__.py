"""Added checks: one file each, see docs/extending.md."""

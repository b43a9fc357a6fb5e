"""The versions of the feature table; Alembic runs them."""

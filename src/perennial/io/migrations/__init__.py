"""The versions of the prediction record's tables; Alembic runs them."""

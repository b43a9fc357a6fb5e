"""What Alembic runs: it is handed the connection, and asks nothing of a configuration file."""

from alembic import context

from perennial.io.feature_store import KEPT
from perennial.io.feature_tables import METADATA

# A version table of its own: predictions may be recorded in the same database.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA, version_table=KEPT.version_table
)
with context.begin_transaction():
    context.run_migrations()

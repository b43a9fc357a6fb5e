"""What Alembic runs: it is handed the connection, and asks nothing of a configuration file."""

from alembic import context

from perennial.io.record_tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()

"""Run by alembic: on the connection, and in the transaction, of whoever opens a store."""

from alembic import context

from gainsmodel.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()

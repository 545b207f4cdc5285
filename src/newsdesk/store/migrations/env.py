"""What Alembic runs, over a connection whose transaction and lock belong to `newsdesk.store.migration`."""

from alembic import context

from newsdesk.store.schema_revision import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()

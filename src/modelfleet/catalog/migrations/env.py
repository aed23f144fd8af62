"""Runs migrations on the connection that `migrate.py` hands over."""

from alembic import context

import modelfleet.catalog.schema  # noqa: F401 - adds the catalog's tables
from modelfleet.events.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()

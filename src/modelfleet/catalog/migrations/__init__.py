"""Alembic's migrations: the one way in which the database's tables are made and changed."""

"""Persistent data in SQLite or PostgreSQL, through SQLAlchemy."""

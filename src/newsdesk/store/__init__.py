"""What must outlive a process, in SQLite or PostgreSQL by SQLAlchemy."""

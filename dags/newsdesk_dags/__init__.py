"""What the DAGs of Newsdesk share. Imports neither Newsdesk nor anything it trains with: tasks run its command."""

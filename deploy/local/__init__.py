"""Newsdesk with all its servers as plain processes of one machine, kept by supervisor: python -m deploy.local."""

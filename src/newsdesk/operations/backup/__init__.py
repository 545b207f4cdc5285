"""Backups: one archive with everything that a deployment cannot make again, and the way back from it."""

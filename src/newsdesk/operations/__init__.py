"""Maintenance of a deployment: backup and restore, pruning, and the doctor."""

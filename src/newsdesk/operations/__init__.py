"""What keeps a deployment well: backup and restore, pruning, and the doctor."""

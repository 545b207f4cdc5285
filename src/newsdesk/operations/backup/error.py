"""The error of backups."""

from newsdesk.operations.maintenance_lock import MaintenanceError


class BackupError(MaintenanceError):
    """A backup cannot be made, read or restored."""

    code = "backup"

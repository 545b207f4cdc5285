"""Where Debian and other distributions put the servers."""

import shutil
from pathlib import Path

from newsdesk.errors import UsageError

# Debian's names, where they are others than the projects' own, which are looked for then.
_PROGRAMS = {
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "node_exporter": ("prometheus-node-exporter", "node_exporter"),
    "postgres_exporter": ("prometheus-postgres-exporter", "postgres_exporter"),
    "nginx_exporter": ("prometheus-nginx-exporter", "nginx-prometheus-exporter"),
    "blackbox_exporter": ("prometheus-blackbox-exporter", "blackbox_exporter"),
    "nginx": ("nginx", "/usr/sbin/nginx"),
}
NEEDED = ("nginx", "prometheus", "alertmanager", "node_exporter", "postgres_exporter", "nginx_exporter")


def program(name: str) -> str | None:
    """Where a program is; None where it is not installed."""
    return next((found for candidate in _PROGRAMS.get(name, (name,)) if (found := shutil.which(candidate))), None)


def postgresql_programs() -> Path | None:
    """The folder with `initdb` and `pg_ctl`; None where PostgreSQL is not installed."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name), default=None)


def require_programs() -> None:
    """Raises `UsageError` naming what the stack needs and this machine has not."""
    missing = [name for name in NEEDED if program(name) is None]
    missing += [] if postgresql_programs() else ["PostgreSQL"]
    if missing:
        raise UsageError(f"Not installed: {', '.join(missing)}. Install what Debian has: sudo make system-deps.")


def path_of(name: str) -> str:
    """Where a program is that `require_programs` has found."""
    found = program(name)
    if found is None:
        raise UsageError(f"{name} is not installed. Install it: sudo make system-deps.")
    return found

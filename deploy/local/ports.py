"""On which loopback ports the stack listens."""

import socket
from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict

from newsdesk.errors import UsageError

HOST = "127.0.0.1"


class Ports(BaseModel):
    """One port each. `api` is that of the proxy; its servers take the ones after it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    api: int = 8000
    postgresql: int = 5433  # 5432 is taken where Debian's own cluster runs
    mlflow: int = 5001
    airflow: int = 8080
    exporter: int = 9101
    prometheus: int = 9090
    alertmanager: int = 9093
    node_exporter: int = 9100
    postgres_exporter: int = 9187
    nginx_exporter: int = 9113
    nginx_status: int = 8099


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def free_ports() -> Ports:
    """As many different free ports as a stack needs."""
    found: dict[str, int] = {}
    for name in Ports.model_fields:
        while (port := free_port()) in found.values():
            pass
        found[name] = port
    return Ports(**found)


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def require_free(ports: Mapping[str, int]) -> None:
    """Raises `UsageError` naming the first port, of those by name, on which something listens."""
    for name, port in ports.items():
        if not is_free(port):
            raise UsageError(
                f"Port {port}, for {name}, is in use. Stop what listens there, or take others: --free-ports."
            )


def free_after(port: int, taken: set[int]) -> Iterator[int]:
    """Free ports above `port` that are not taken."""
    return (other for other in range(port + 1, 65536) if other not in taken and is_free(other))

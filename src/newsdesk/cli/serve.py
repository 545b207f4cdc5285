"""`newsdesk serve`: answer over HTTP."""

import os
import socket
import sys
from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default: API_HOST, or 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on. Default: API_PORT, or 8000.")
    ] = None,
) -> None:
    """Serve the champion over HTTP until stopped."""
    import uvicorn

    from newsdesk.config.settings import load_settings
    from newsdesk.serving.app import create_app
    from newsdesk.serving.model_source import load_champion
    from newsdesk.serving.protocol import Protocol

    settings = load_settings()
    address = (host or settings.api_host, port or settings.api_port)
    served = load_champion(settings.bundles)
    require_free_port(*address)
    uvicorn.run(create_app(served), host=address[0], port=address[1], log_level=settings.api_log_level, http=Protocol)


def require_free_port(host: str, port: int) -> None:
    """Raises `UsageError` where something listens there already."""
    from newsdesk.errors import UsageError

    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise UsageError(
            f"Port {port} on {host} cannot be used ({error.strerror}). Stop what listens there, or set API_PORT."
        ) from error


def hand_over_to_server() -> None:
    """Become `newsdesk serve`, so that what training loaded does not stay in memory."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "newsdesk", "serve"])  # noqa: S606 - our own command, no shell wanted

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
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Server processes. Default: API_WORKERS, or 1.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Start without a model, and answer 503 until one is promoted.")
    ] = False,
) -> None:
    """Serve the champion over HTTP until stopped, and follow it when another is promoted."""
    from newsdesk.config.settings import load_settings
    from newsdesk.private_files import keep_private
    from newsdesk.serving.server import ListenOptions, run
    from newsdesk.stopping import release_stop_signals

    release_stop_signals()
    settings = load_settings()
    keep_private(settings.home)
    settings = settings.model_copy(update={"api_workers": workers or settings.api_workers})
    listening = ListenOptions(host or settings.api_host, port or settings.api_port, may_wait=wait)
    require_free_port(listening.host, listening.port)
    raise typer.Exit(run(settings, listening))


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

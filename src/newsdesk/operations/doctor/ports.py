"""Check the port where the API is to listen."""

import errno
import json
import socket
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from newsdesk.errors import RegistryError
from newsdesk.operations.doctor.finding import Finding, fine, problem, warning
from newsdesk.registry.champion_pointer import bundle_folder_name, read_champion_pointer

_PATIENCE = 3.0  # seconds
_LARGEST_ANSWER = 64 * 1024


def check_port(host: str, port: int, bundles: Path) -> Iterator[Finding]:
    """Free for the API, taken by it, by the Newsdesk of another home than that of `bundles`, or by somebody else."""
    probe_host = "127.0.0.1" if host in ("0.0.0.0", "") else "::1" if host == "::" else host  # noqa: S104
    try:
        socket.create_connection((probe_host, port), timeout=_PATIENCE).close()
    except OSError:
        yield _check_free(host, port)
        return
    status = _read_health(probe_host, port)
    if status and _is_of_another_home(probe_host, port, bundles):
        yield problem(
            "ports",
            f"Newsdesk answers on port {port} with a model that {bundles} does not have: it is another newsroom's.",
            "Set API_PORT to another port, and start the server of this home there.",
        )
    elif status is None:
        yield problem(
            "ports",
            f"Port {port} on {probe_host} is taken by something that is not Newsdesk.",
            f"See who it is (ss -ltnp 'sport = :{port}') and stop it, or set API_PORT to another port.",
        )
    elif status == "healthy":
        yield fine("ports", f"Newsdesk answers on port {port} and is healthy.")
    else:
        yield warning(
            "ports",
            f"Newsdesk answers on port {port} and is {status}.",
            "Ask it why: GET /health, with a key of scope monitor where keys are asked for.",
        )


def _check_free(host: str, port: int) -> Finding:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        fix = "Take a port above 1023, or give the right." if error.errno == errno.EACCES else "Correct API_HOST."
        return problem("ports", f"Nobody can listen on {host}, port {port}: {error.strerror}.", fix)
    return fine("ports", f"Port {port} is free: nothing serves there now.")


def _read_health(host: str, port: int) -> str | None:
    """What Newsdesk says of itself; None where the answer is not Newsdesk's."""
    answer = _get_json(host, port, "/health")
    return str(answer["status"]) if "model_version" in answer and "status" in answer else None


def _is_of_another_home(host: str, port: int, bundles: Path) -> bool:
    """Whether it serves a model that never was in this home. Without a key, for nobody knows whose server it is: where
    one is asked for, and where this home has no champion to compare with, it is taken for ours."""
    try:
        champion = read_champion_pointer(bundles)
        folder = bundle_folder_name(str(_get_json(host, port, "/model/info").get("digest")))
    except RegistryError:
        return False
    return champion is not None and folder != champion.bundle and not (bundles / folder).is_dir()


def _get_json(host: str, port: int, path: str) -> dict[str, Any]:
    """The object that is answered; empty where there is none."""
    url_host = f"[{host}]" if ":" in host else host
    try:
        content = json.loads(_fetch(f"http://{url_host}:{port}{path}"))
    except (OSError, HTTPException, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _fetch(address: str) -> bytes:
    try:
        with build_opener(ProxyHandler({})).open(address, timeout=_PATIENCE) as response:
            return bytes(response.read(_LARGEST_ANSWER))
    except HTTPError as error:  # 503 is an answer, too
        with error:
            return error.read(_LARGEST_ANSWER)

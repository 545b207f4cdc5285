"""HTTP requests to other servers with the standard library alone."""

import ipaddress
import os
import socket
from typing import Any
from urllib.parse import urlsplit
from urllib.request import BaseHandler, HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener


class _Proxies(ProxyHandler):
    """Those of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), for other machines alone."""

    def proxy_open(self, req: Request, proxy: str, type: str) -> Any:  # noqa: A002 - as urllib names it
        return None if is_this_machine(req.host or "") else super().proxy_open(req, proxy, type)


class NoRedirects(HTTPRedirectHandler):
    """A redirect would carry the password, or the token, to another place."""

    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def make_opener(*handlers: BaseHandler) -> OpenerDirector:
    """One that takes no proxy to this machine: a proxy cannot reach it, or reaches another."""
    return build_opener(_Proxies(), *handlers)


def bypass_proxies(address: str) -> None:
    """Have libraries that ask by themselves, and know NO_PROXY alone, take no proxy to an address of this machine."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:  # whoever asks there says so
        return
    if not is_this_machine(f"[{host}]" if ":" in host else host):
        return
    for name in ("no_proxy", "NO_PROXY"):
        known = [entry for entry in (os.environ.get(name) or os.environ.get("no_proxy") or "").split(",") if entry]
        if host not in known and "*" not in known:
            os.environ[name] = ",".join([*known, host])


def is_this_machine(host: str) -> bool:
    """Whether a name or an address, with or without a port, is one of this machine. Asks no name server."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost") or name == socket.gethostname().lower():
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified or _is_bindable(address)


def _is_bindable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Only addresses of this machine can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True

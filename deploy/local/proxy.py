"""nginx: one address for all servers of the API."""

import os

from deploy.local.ports import HOST
from deploy.local.stack import ROOT, Stack
from newsdesk import atomic

FAIL_TIMEOUT = 2  # seconds for which a server that has failed is left alone

_CONFIGURATION = """\
# Written by deploy/local; see deploy/nginx/locations.conf.
daemon off;
{user}worker_processes 2;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    access_log off;  # every server has its own
    server_tokens off;
    {temporary}
    upstream api {{
        zone api 64k;
        least_conn;
        {servers}
        keepalive 32;
        keepalive_timeout 4s;  # less than the servers wait: it is nginx who hangs up
    }}
    server {{
        listen {host}:{port};
        include {included};
    }}
    server {{
        listen {host}:{status};
        location = /stub_status {{ stub_status; }}
    }}
}}
"""
_KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def write_proxy(stack: Stack) -> None:
    """Its configuration."""
    kept = f"max_fails=3 fail_timeout={FAIL_TIMEOUT}s"
    content = _CONFIGURATION.format(
        user="user www-data;\n" if os.geteuid() == 0 else "",
        temporary="\n    ".join(f"{kind}_temp_path temp_{kind};" for kind in _KINDS),
        servers="\n        ".join(f"server {HOST}:{port} {kept};" for port in stack.replicas),
        included=ROOT / "deploy" / "nginx" / "locations.conf",
        host=HOST,
        port=stack.ports.api,
        status=stack.ports.nginx_status,
    )
    atomic.write_text(stack.home / "nginx" / "nginx.conf", content, mode=0o644)

"""More servers of the API, fewer, or all anew: without a request that fails."""

import time
from collections.abc import Callable

from deploy.local.bringing_up import wait_for
from deploy.local.proxy import FAIL_TIMEOUT, write_proxy
from deploy.local.service import Service
from deploy.local.services import api_name, services_of
from deploy.local.stack import Stack
from deploy.local.supervision import Supervisor
from deploy.local.watching import write_api_targets

_SLACK = 1.0  # seconds in which nginx takes up what has changed


def scale(stack: Stack, count: int) -> Stack:
    """Have `count` servers of the API: nginx knows the new ones once they answer, and none that is to stop."""
    supervisor, scaled = Supervisor(stack), stack.with_replicas(count)
    known = scaled if count > len(stack.replicas) else stack
    supervisor.write(services_of(known))
    supervisor.take_up_changes()
    for port in scaled.replicas:
        _start(scaled, supervisor, port)
    write_proxy(scaled)
    supervisor.signal("nginx", "HUP")
    time.sleep(_SLACK)
    write_api_targets(scaled)
    scaled.save()
    supervisor.write(services_of(scaled))
    supervisor.take_up_changes()
    return scaled


def restart(stack: Stack, tell: Callable[[str], None]) -> None:
    """Stop and start one server of the API after the other, each when nginx asks the one before again.

    A server that stops answers what it has begun; what comes then is asked of another. Where there is no other,
    requests wait for none.
    """
    supervisor = Supervisor(stack)
    for port in stack.replicas:
        supervisor.restart(api_name(port))
        wait_for(stack, supervisor, _services(stack, port))
        time.sleep(FAIL_TIMEOUT + _SLACK)
        tell(api_name(port))


def _start(stack: Stack, supervisor: Supervisor, port: int) -> None:
    supervisor.run(api_name(port))
    wait_for(stack, supervisor, _services(stack, port))


def _services(stack: Stack, port: int) -> list[Service]:
    return [service for service in services_of(stack) if service.name == api_name(port)]

"""More servers of the API, fewer, or all anew: without a request that fails."""

import time
from collections.abc import Callable

from deploy.local.bringing_up import wait_for
from deploy.local.proxy import write_proxy
from deploy.local.service import Service
from deploy.local.services import api_name, services_of
from deploy.local.stack import Stack
from deploy.local.supervision import Supervisor
from deploy.local.watching import write_api_targets

_DRAINING = 1.0  # seconds in which nginx's old workers hand on what they have begun to read


def scale(stack: Stack, count: int) -> Stack:
    """Have `count` servers of the API: nginx knows the new ones once they answer, and none that is to stop."""
    supervisor, scaled = Supervisor(stack), stack.with_replicas(count)
    known = scaled if count > len(stack.replicas) else stack
    supervisor.write(services_of(known))
    supervisor.take_up_changes()
    for port in scaled.replicas:
        _start(scaled, supervisor, port)
    _balance(scaled, supervisor)
    write_api_targets(scaled)
    scaled.save()
    supervisor.write(services_of(scaled))
    supervisor.take_up_changes()
    return scaled


def restart(stack: Stack, tell: Callable[[str], None]) -> None:
    """Stop and start one server of the API after the other, each while nginx sends nothing to it."""
    supervisor = Supervisor(stack)
    for port in stack.replicas:
        if len(stack.replicas) > 1:
            _balance(stack, supervisor, without=port)
        supervisor.restart(api_name(port))
        wait_for(stack, supervisor, _services(stack, port))
        tell(api_name(port))
    _balance(stack, supervisor)


def _start(stack: Stack, supervisor: Supervisor, port: int) -> None:
    supervisor.run(api_name(port))
    wait_for(stack, supervisor, _services(stack, port))


def _balance(stack: Stack, supervisor: Supervisor, without: int | None = None) -> None:
    write_proxy(stack, without=without)
    supervisor.signal("nginx", "HUP")
    time.sleep(_DRAINING)


def _services(stack: Stack, port: int) -> list[Service]:
    return [service for service in services_of(stack) if service.name == api_name(port)]

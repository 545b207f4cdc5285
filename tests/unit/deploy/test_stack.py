"""What a stack is stays the same from start to start, and its passwords are its owner's."""

import socket
from pathlib import Path

import pytest

from deploy.local.ports import HOST, Ports, free_ports, require_free
from deploy.local.stack import Passwords, Stack, existing_stack, find_stack
from newsdesk.errors import ConfigError, UsageError


def stack_in(home: Path) -> Stack:
    return Stack(home=home, ports=free_ports(), replicas=(), with_airflow=False, passwords=Passwords.new())


def test_a_stack_is_found_as_it_was_kept_and_by_its_owner_alone(tmp_path: Path) -> None:
    stack = stack_in(tmp_path).with_replicas(2)
    stack.save()
    assert find_stack(tmp_path) == stack
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600


def test_every_stack_has_passwords_of_its_own() -> None:
    one, other = Passwords.new(), Passwords.new()
    assert len({*one.postgresql.values(), *other.postgresql.values()}) == 2 * len(one.postgresql)


def test_where_there_is_no_stack_the_command_that_makes_one_is_named(tmp_path: Path) -> None:
    assert find_stack(tmp_path) is None
    with pytest.raises(UsageError, match=f"There is no stack in {tmp_path}. Start one: make stack"):
        existing_stack(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text('{"home": ', encoding="utf-8")
    with pytest.raises(ConfigError, match=f"{tmp_path / 'stack.json'} is damaged"):
        find_stack(tmp_path)


def test_more_servers_take_ports_that_nobody_has(tmp_path: Path) -> None:
    stack = stack_in(tmp_path)
    with socket.socket() as other:
        try:
            other.bind((HOST, stack.ports.api + 1))
        except OSError:
            pytest.skip("somebody else was faster")
        more = stack.with_replicas(3)
    assert len({stack.ports.api + 1, *stack.ports.model_dump().values(), *more.replicas}) >= 3 + len(Ports.model_fields)
    assert all(port > stack.ports.api + 1 for port in more.replicas)


def test_fewer_servers_are_the_first_ones_and_more_keep_them(tmp_path: Path) -> None:
    three = stack_in(tmp_path).with_replicas(3)
    assert three.with_replicas(1).replicas == three.replicas[:1]
    assert three.with_replicas(4).replicas[:3] == three.replicas


def test_a_port_in_use_is_named_with_the_server_that_wants_it() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"Port {port}, for mlflow, is in use.*--free-ports"):
            require_free({"mlflow": port})

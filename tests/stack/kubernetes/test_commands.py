"""What pods run is a command that Newsdesk has, with options that it takes."""

import pytest
from typer.main import get_command

from newsdesk.cli.app import app
from tests.stack.kubernetes.manifests import Object, workloads

pytestmark = pytest.mark.stack


def test_every_container_runs_a_command_with_options_that_it_takes(objects: tuple[Object, ...]) -> None:
    ran = set()
    for workload in workloads(objects):
        for container in workload.containers():
            assert "args" not in container
            program, *words = container["command"]
            assert program == "newsdesk"
            ran.add(understood(words))
    assert {"serve", "exporter", "monitor", "retrain", "backup", "prune", "models rollback", "store migrate"} <= ran


def understood(words: list[str]) -> str:
    """The command's path. Fails where the command is not there, or does not take what follows."""
    command, context, path = get_command(app), None, ""
    while inner := getattr(command, "commands", {}):
        context = command.context_class(command, parent=context)
        word, *words = words
        command, path = inner[word], f"{path} {word}".strip()
    command.make_context(path, words, parent=context)
    return path

"""`newsdesk --help` says where to begin: commands stand in groups, by what one wants of them."""

import re

from typer.main import get_command
from typer.testing import CliRunner

from newsdesk.cli.app import app


def groups() -> dict[str, list[str]]:
    """The boxes of the help, at 80 columns, and the commands in each."""
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80", "TERM": "dumb"}).output
    found: dict[str, list[str]] = {}
    for line in told.splitlines():
        assert len(line) <= 80
        if title := re.match(r"╭─ (.+?) ─+╮", line):
            found[title.group(1)] = []
        elif name := re.match(r"│ ([a-z-]+) {2,}\S", line):
            [*found.values()][-1].append(name.group(1))
    return found


def test_commands_stand_in_groups_by_what_one_wants_of_them() -> None:
    assert [*groups()] == ["Options", "Every day", "Look", "Keep safe", "For schedulers"]


def test_every_command_is_in_one_group_and_no_other() -> None:
    grouped = [name for group, names in groups().items() if group != "Options" for name in names]
    assert sorted(grouped) == sorted(get_command(app).commands)  # type: ignore[attr-defined]


def test_who_begins_meets_run_first_and_what_schedulers_call_last() -> None:
    found = groups()
    assert found["Every day"][:2] == ["run", "serve"]
    assert {"backup", "restore"} <= {*found["Keep safe"]}
    assert {"ingest", "prepare", "plan", "train", "promote", "smoke-test"} <= {*found["For schedulers"]}

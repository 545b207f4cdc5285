"""`newsdesk doctor`: whether a deployment is well."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from newsdesk.operations.doctor.finding import Finding

_STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red"}


def doctor(
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="GROUP", help="A group of checks. May be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look at configuration, ports, secrets, database, registry, champion, disk, clock, certificate, versions."""
    from newsdesk.config.secrets import secrets_of
    from newsdesk.config.settings import load_settings
    from newsdesk.errors import UsageError
    from newsdesk.operations.doctor.examination import groups
    from newsdesk.serving.security.signing_secret import require_strong_secret

    settings = load_settings()
    known, secrets = groups(settings, require_strong_secret, datetime.now(UTC)), secrets_of(settings)
    for name in only or ():
        if name not in known:
            raise UsageError(f"There is no group of checks {name!r}. Groups are {', '.join(known)}.")
    checks = [check for name, check in known.items() if not only or name in only]
    findings = [finding.redacted(secrets) for check in checks for finding in check()]
    is_ill = any(finding.level == "problem" for finding in findings)
    if as_json:
        print(json.dumps({"healthy": not is_ill, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        print_findings(findings)
    raise typer.Exit(int(is_ill))


def print_findings(findings: "list[Finding]") -> None:
    """A table: one row a finding, the fix below it."""
    from newsdesk.cli.tables import print_table, styled, table_of, wide_console

    table = table_of("", "check", "what was found, and what to do")
    table.columns[2].overflow = "fold"  # a path is shown whole
    for finding in findings:
        fix = f"\n→ {finding.fix}" if finding.fix else ""
        level = styled((finding.level, _STYLES[finding.level]))
        table.add_row(level, finding.check, finding.message + fix)
    counts = Counter(finding.level for finding in findings)
    title = ", ".join(f"{counts[level]} {level}{'' if counts[level] == 1 else 's'}" for level in ("problem", "warning"))
    print_table(wide_console(), title, table)

"""`newsdesk store`: which revision the tables of the store are at, how to bring them to another, or elsewhere."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli.options import AsJson

if TYPE_CHECKING:
    from newsdesk.store.migration_status import MigrationStatus

app = typer.Typer(
    help="Show which revision the store is at, migrate it, copy it to another database.",
    no_args_is_help=True,
    epilog="Example: newsdesk store status",
)


@app.command("status", epilog="Example: newsdesk store status --json")
def status(as_json: AsJson = False) -> None:
    """Show the revision of the store, the newest one and what is pending. Changes nothing."""
    from newsdesk.config.settings import load_settings
    from newsdesk.store.migration_status import read_status

    migration_status = read_status(load_settings().database)
    if as_json:
        from dataclasses import asdict

        print(json.dumps(asdict(migration_status), indent=2))
        return
    print(_sentence(migration_status))
    for step in migration_status.pending:
        print(f"  {step.id}  {step.what}")


@app.command("migrate", epilog="Example: newsdesk store migrate")
def migrate(
    to: Annotated[str | None, typer.Option(help="Revision to go to, up or down. Default: the newest.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Go down even where that removes data.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the store to the newest revision, or to another one."""
    from newsdesk.config.settings import load_settings
    from newsdesk.store.migration import run_migration

    result = run_migration(load_settings().database, to, may_lose=yes)
    if as_json:
        from dataclasses import asdict

        print(json.dumps(asdict(result)))
    elif result.steps:
        print(f"The store went from {result.before or 'no revision'} to {result.after or 'no revision'}.")
    else:
        print(f"Nothing to do: the store is at {f'revision {result.after}' if result.after else 'no revision'}.")


@app.command("copy", epilog="Example: newsdesk store copy --from sqlite:///var/newsdesk.db")
def copy(
    source: Annotated[
        str | None, typer.Option("--from", help="sqlite:///FILE or postgresql://…. Default: NEWSDESK_DATABASE_URL.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--to", help="sqlite:///FILE or postgresql://…. Default: NEWSDESK_DATABASE_URL.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy a whole store into an empty database, SQLite or PostgreSQL, and compare. Stop the servers first."""
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.errors import UsageError
    from newsdesk.redaction import redact_address
    from newsdesk.store.store_copy import copy_store

    if source is None and target is None:
        raise UsageError("Say where from or where to: --from ADDRESS, --to ADDRESS, or both.")
    own_address = load_settings().database
    source, target = source or own_address, target or own_address
    with shown_progress() as progress:

        def on_table(table: str, rows: int) -> None:
            progress.advance(rows) if rows else progress.step(f"Copying {table}")

        copied = copy_store(source, target, on_table)
    if as_json:
        from dataclasses import asdict

        addresses = {"from": redact_address(source), "to": redact_address(target)}
        print(json.dumps(addresses | {"tables": {name: asdict(content) for name, content in copied.items()}}, indent=2))
        return
    from newsdesk.cli.output import tell
    from newsdesk.cli.tables import table_of, wide_console

    table = table_of("table", "rows", "digest, the same in both")
    for name, content in copied.items():
        table.add_row(name, f"{content.rows:,}", content.digest[:16])
    tell(f"Copied from {redact_address(source)} to {redact_address(target)}, and compared:")
    wide_console().print(table)
    remedy = "start the servers again."
    print(f"Now {remedy}" if target == own_address else f"Let NEWSDESK_DATABASE_URL name it, then {remedy}")


def _sentence(status: "MigrationStatus") -> str:
    position = f"The store at {status.store} is at revision {status.revision}"
    match status.condition:
        case "empty":
            return f"The store at {status.store} is empty: it is set up when it is first used. Pending:"
        case "behind" if status.revision is None:
            return (
                f"The store at {status.store} is older than its first revision. Run: newsdesk store migrate. Pending:"
            )
        case "behind":
            return f"{position}, the newest is {status.newest}. Run: newsdesk store migrate. Pending:"
        case "ahead":
            return f"{position}, which a newer version made; this one knows {status.newest}, and works with it."
        case "current":
            return f"{position}, the newest."

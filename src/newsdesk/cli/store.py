"""`newsdesk store`: which revision the tables of the store are at, and how to bring them to another."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli.options import AsJson

if TYPE_CHECKING:
    from newsdesk.store.status import Status

app = typer.Typer(
    help="Show which revision the store is at, and migrate it.",
    no_args_is_help=True,
    epilog="Example: newsdesk store status",
)


@app.command("status", epilog="Example: newsdesk store status --json")
def status(as_json: AsJson = False) -> None:
    """Show the revision of the store, the newest one and what is pending. Changes nothing."""
    from newsdesk.config.settings import load_settings
    from newsdesk.store.status import read_status

    found = read_status(load_settings().database)
    if as_json:
        from dataclasses import asdict

        print(json.dumps(asdict(found), indent=2))
        return
    print(_sentence(found))
    for step in found.pending:
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

    done = run_migration(load_settings().database, to, may_lose=yes)
    if as_json:
        from dataclasses import asdict

        print(json.dumps(asdict(done)))
    elif done.steps:
        print(f"The store went from {done.before or 'no revision'} to {done.after or 'no revision'}.")
    else:
        print(f"Nothing to do: the store is at {f'revision {done.after}' if done.after else 'no revision'}.")


def _sentence(found: "Status") -> str:
    at = f"The store at {found.store} is at revision {found.revision}"
    match found.condition:
        case "empty":
            return f"The store at {found.store} is empty: it is set up when it is first used. Pending:"
        case "behind" if found.revision is None:
            return f"The store at {found.store} is older than its first revision. Run: newsdesk store migrate. Pending:"
        case "behind":
            return f"{at}, the newest is {found.newest}. Run: newsdesk store migrate. Pending:"
        case "ahead":
            return f"{at}, which a newer version made; this one knows {found.newest}, and works with it."
        case "current":
            return f"{at}, the newest."

"""`newsdesk keys`: who may call the API."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli.options import AsJson

if TYPE_CHECKING:
    from newsdesk.serving.security.keys import ApiKey

app = typer.Typer(
    help="Make, list and revoke the API keys of a server.",
    no_args_is_help=True,
    epilog="Example: newsdesk keys create newsroom --scope predict",
)

Name = Annotated[str, typer.Argument(help="Name of the key.")]


@app.command("create", epilog="Example: newsdesk keys create newsroom --scope predict --limit '50/second;100000/day'")
def create(
    name: Name,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="What it may do: predict (default), feedback, monitor or admin. May be repeated."),
    ] = None,
    limit: Annotated[str | None, typer.Option(help="How often. Default: API_RATE_LIMIT.")] = None,
    expires: Annotated[
        int | None, typer.Option(min=1, max=36500, help="Days that it lives. Default: for good.")
    ] = None,
    trusted: Annotated[
        bool,
        typer.Option(
            "--trusted", help="What is said by it counts without a second key, in tests of models too, and unlimited."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    from newsdesk.config.settings import load_settings
    from newsdesk.serving.security.caller import require_scopes
    from newsdesk.serving.security.key_file import add_key, require_name
    from newsdesk.serving.security.keys import new_key
    from newsdesk.serving.security.limit_parsing import require_rate_limit

    path = load_settings().keys_file
    require_name(name)
    if limit is not None:
        require_rate_limit(limit)
    key, text = new_key(name, require_scopes(scope or ["predict"]), limit, expires, trusted=trusted)
    add_key(path, key)
    if as_json:
        print(json.dumps(_as_dict(key) | {"key": text}))
        return
    print(text)
    print(f"Kept as a hash in {path}. Store the key now: it cannot be shown again.", file=sys.stderr)


@app.command("list", epilog="Example: newsdesk keys list")
def list_keys(as_json: AsJson = False) -> None:
    """Show every key: its name, what it may do, how often, until when. Never the key itself."""
    from newsdesk.config.settings import load_settings
    from newsdesk.serving.security.key_file import read_keys

    keys = read_keys(load_settings().keys_file)
    if as_json:
        print(json.dumps([_as_dict(key) for key in keys], indent=2))
        return
    from newsdesk.cli.tables import print_table, table_of, wide_console

    if not keys:
        print("There is no key yet. Make one: newsdesk keys create NAME.")
        return
    table = table_of("name", "id", "scopes", "limit", "feedback", "made (UTC)", "expires (UTC)")
    for key in keys:
        expires = f"{key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "never"
        scopes = ", ".join(sorted(key.scopes))
        trusted = "trusted" if key.trusted else ""
        table.add_row(key.name, key.id, scopes, key.limit or "", trusted, f"{key.created_at:%Y-%m-%d %H:%M}", expires)
    print_table(wide_console(), "API keys", table)


@app.command("revoke", epilog="Example: newsdesk keys revoke newsroom")
def revoke(name: Name, as_json: AsJson = False) -> None:
    """End a key and its tokens. A running server follows within a second."""
    from newsdesk.config.settings import load_settings
    from newsdesk.serving.security.key_file import remove_key

    key = remove_key(load_settings().keys_file, name)
    print(json.dumps({"revoked": key.name, "id": key.id}) if as_json else f"The key {key.name} is revoked.")


def _as_dict(key: "ApiKey") -> dict[str, object]:
    return key.model_dump(mode="json", exclude={"hash"}) | {"scopes": sorted(key.scopes)}

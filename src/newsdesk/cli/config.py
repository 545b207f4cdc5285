"""`newsdesk config`: what is in force."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

app = typer.Typer(help="Show the configuration.", no_args_is_help=True, epilog="Example: newsdesk config show")


@app.command("show", epilog="Example: newsdesk config show")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print the settings as JSON.")] = False) -> None:
    """Print every setting in force and where it came from. Secrets are masked."""
    from newsdesk.config.provenance import effective_settings
    from newsdesk.config.settings import load_settings

    settings = list(effective_settings(load_settings()))
    if as_json:
        print(json.dumps([asdict(setting) for setting in settings], indent=2, default=str))
        return
    from newsdesk.cli.tables import print_table, table_of, wide_console

    table = table_of("setting", "value", "from")
    table.columns[1].overflow = "fold"  # an address is shown whole
    for setting in settings:
        value = "" if setting.value is None else str(setting.value)
        table.add_row(setting.name, value, setting.origin, style="" if setting.origin == "default" else "bold")
    print_table(wide_console(), "In force", table)

"""`newsdesk run`: the whole main job."""

from pathlib import Path
from typing import Annotated

import typer

from newsdesk.cli.table_options import (
    CategoryColumn,
    DateOrderOption,
    EncodingOption,
    SheetOption,
    TextColumn,
    TitleColumn,
)


def run(
    data: Annotated[
        Path | None,
        typer.Option(help="CSV, JSON, Parquet or Excel with labelled articles. Default: the sample corpus."),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="A second file with the category of each article, joined by id.")
    ] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    category_column: CategoryColumn = None,
    date_order: DateOrderOption = None,
    encoding: EncodingOption = "utf-8",
    sheet: SheetOption = None,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the champion when done.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train on your articles, compare, promote the best through the gate, and serve it."""
    from newsdesk.articles.columns import ColumnNames
    from newsdesk.cli.actor import user
    from newsdesk.cli.progress import shown_progress
    from newsdesk.cli.serve import hand_over_to_server, require_free_port
    from newsdesk.config.settings import load_settings
    from newsdesk.pipeline.prepare import Source
    from newsdesk.pipeline.run import run as run_main_job

    settings = load_settings()
    if serve:
        require_free_port(settings.api_host, settings.api_port)
    columns = ColumnNames(text_column, title_column, category_column)
    source = Source(data, labels, columns, encoding, date_order, sheet)
    with shown_progress() as progress:
        outcome = run_main_job(source, settings, user(), progress)
    from newsdesk.cli import outcome as shown  # it needs what the main job has imported by now

    if as_json:
        shown.print_json(outcome)
    else:
        shown.print_tables(outcome)
    if outcome.judged.verdict.decision == "refused":
        raise typer.Exit(1)
    if serve:
        if not as_json:
            shown.print_invitation(settings.api_host, settings.api_port)
        hand_over_to_server()

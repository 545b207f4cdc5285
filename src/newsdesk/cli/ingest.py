"""`newsdesk ingest` and `newsdesk prepare`: from tables in the inbox to a dataset."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli.options import AsJson
from newsdesk.cli.table_options import (
    CategoryColumn,
    DateOrderOption,
    EncodingOption,
    SheetOption,
    TextColumn,
    TitleColumn,
)

if TYPE_CHECKING:
    from newsdesk.config.settings import Settings
    from newsdesk.pipeline.ingest import IngestResult


def ingest(
    data: Annotated[
        str | None, typer.Option(help="One table, as a path or an address. Default: every new one in the inbox.")
    ] = None,
    labels: Annotated[str | None, typer.Option(help="Its file of labels, joined by id.")] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    category_column: CategoryColumn = None,
    date_order: DateOrderOption = None,
    encoding: EncodingOption = "utf-8",
    sheet: SheetOption = None,
    as_json: AsJson = False,
) -> None:
    """Take in new tables of articles, and of these the stories that were not known."""
    from newsdesk.articles.column_mapping import ColumnNames
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.errors import UsageError
    from newsdesk.pipeline.ingest import ingest as take_in

    if labels and not data:
        raise UsageError("--labels goes with --data. In the inbox, labels of news.csv are in news.labels.csv.")
    if sheet and not data:
        raise UsageError("--sheet goes with --data. Name the workbook that it is a sheet of.")
    columns = ColumnNames(text_column, title_column, category_column)
    settings = load_settings()
    with shown_progress() as progress:
        ingested = take_in(data, labels, settings, progress, columns, date_order, encoding, sheet)
    if as_json:
        print(json.dumps(ingested.as_dict(), indent=2))
    else:
        _print(ingested)
        _print_hints(ingested, settings)
    if ingested.status == "refused":
        raise typer.Exit(1)


def prepare(as_json: AsJson = False) -> None:
    """Make a dataset of all that was ingested: one article a story, split to train, to compare and to test."""
    from newsdesk.cli.categories import categories_as_dict, category_lines
    from newsdesk.cli.output import tell
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.pipeline.plan.create import NothingIngested, is_trained, prepare_dataset

    settings = load_settings()
    try:
        with shown_progress() as progress:
            prepared = prepare_dataset(settings, progress)
    except NothingIngested as error:
        empty: dict[str, object] = {
            "version": None,
            "counts": {},
            "categories": {},
            "trained": False,
            "reason": str(error),
        }
        tell(json.dumps(empty, indent=2) if as_json else str(error))
        return
    manifest = prepared.dataset.manifest
    trained = is_trained(manifest.version, settings)
    left_out = prepared.rows - sum(manifest.counts.values())
    if as_json:
        summary = {"version": manifest.version, "counts": manifest.counts, "categories": manifest.categories}
        more = {"left_out": left_out, "similar_categories": prepared.similar_categories, "trained": trained}
        print(json.dumps(summary | more | categories_as_dict(prepared), indent=2))
        return
    counts = manifest.counts
    print(
        f"Dataset {manifest.version}: {counts['train']:,} articles to train, {counts['validation']:,} to compare, "
        f"{counts['test']:,} to test; {len(manifest.categories)} categories"
        + (f"; {left_out:,} articles left out." if left_out else ".")
        + (" A model was trained on it before." if trained else "")
    )
    tell(*category_lines(prepared))


def _print_hints(ingested: "IngestResult", settings: "Settings") -> None:
    from newsdesk.articles.category_hints import hint_lines
    from newsdesk.articles.category_rules import CategoryRules
    from newsdesk.cli.output import tell
    from newsdesk.config.config_files import load_pipeline_config

    rules = CategoryRules(load_pipeline_config(settings.config_dir).data_pipeline.categories)
    tell(*hint_lines(ingested.hints, rules))


def _print(ingested: "IngestResult") -> None:
    from newsdesk.articles.ingested_batches import describe_retraction
    from newsdesk.cli.output import tell
    from newsdesk.cli.tables import print_table, table_of, wide_console

    tell(*map(describe_retraction, ingested.retracted))
    if not ingested.batches and not ingested.waiting:
        print("Nothing is new in the inbox.")
        return
    table = table_of("table", "status")
    for heading in ("rows", "new", "known", "set aside"):
        table.add_column(heading, justify="right")
    table.add_column("reason")
    table.add_column("batch")
    for batch in ingested.batches:
        figures = (batch.rows, batch.new, batch.known, sum(batch.quarantined.values()))
        cells = (batch.source, batch.status, *(f"{figure:,}" for figure in figures), batch.reason)
        table.add_row(*cells, batch.digest)
    for address in ingested.waiting:
        table.add_row(address, "waiting", "", "", "", "", "it is being written still", "")
    print_table(wide_console(), "Taken in", table)
    for batch in ingested.batches:
        if batch.reading:
            tell(f"{batch.source}:", *(f"  {sentence}" for sentence in batch.reading.sentences()))

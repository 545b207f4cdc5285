"""`newsdesk data`: look after the data that Newsdesk itself ships or keeps."""

from pathlib import Path
from typing import Annotated

import typer

from newsdesk.cli.options import AsJson

app = typer.Typer(
    help="Tables that were ingested, and the way back; rows that were set aside; the lemma table.",
    no_args_is_help=True,
    epilog="Example: newsdesk data list",
)


@app.command("list", epilog="Example: newsdesk data list --json")
def list_tables(as_json: AsJson = False) -> None:
    """Show every table that was ingested, the newest first."""
    import json

    from newsdesk.config.settings import load_settings
    from newsdesk.pipeline.batches import read_ingested_batches

    batches = [*reversed(read_ingested_batches(load_settings()).batches)]
    if as_json:
        print(json.dumps([batch.model_dump(mode="json") for batch in batches], indent=2))
        return
    from newsdesk.cli.tables import print_table, table_of, wide_console

    if not batches:
        print("No table was ingested yet: newsdesk ingest.")
        return
    table = table_of("batch", "status", "when (UTC)", "rows", "new", "table", "why")
    for batch in batches:
        reason = batch.reason
        if batch.status == "retracted":
            reason = f"{batch.retractions[-1].reason} ({batch.retractions[-1].actor})"
        figures = (f"{batch.at:%Y-%m-%d %H:%M}", f"{batch.rows:,}", f"{batch.new:,}")
        table.add_row(batch.digest, batch.status, *figures, batch.source, reason)
    print_table(wide_console(), "Tables that were ingested", table)


@app.command("retract", epilog="Example: newsdesk data retract news.csv --reason 'wrong desk' --yes")
def retract_table(
    name: Annotated[str, typer.Argument(help="The table's name or batch, as `newsdesk data list` shows them.")],
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "by hand",
    actor: Annotated[str | None, typer.Option(help="Who, for the record. Default: your user name.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take an ingested table back: the next dataset is made without it. Models stay as they are."""
    import json

    from newsdesk.cli.actor import user
    from newsdesk.cli.output import tell
    from newsdesk.config.settings import load_settings
    from newsdesk.pipeline.retraction import retract

    result = retract(name, reason, actor or user(), load_settings(), is_confirmed=yes)
    if as_json:
        counts = {"removed": result.removed, "kept": result.kept, "was_retracted": result.was_retracted}
        learnt = {"champion": result.champion, "learnt": result.learnt}
        print(json.dumps(result.batch.model_dump(mode="json") | counts | {"unsure": result.unsure} | learnt, indent=2))
        return
    batch, last = result.batch, result.batch.retractions[-1]
    if result.was_retracted:
        by = f"{last.actor} on {last.at:%Y-%m-%d %H:%M} UTC ({last.reason})"
        tell(f"{batch.source} (batch {batch.digest}) was retracted before, by {by}. Nothing is left to do.")
        return
    stay = f"; {result.kept:,} stay, which another table has, too" if result.kept else ""
    tell(
        f"Retracted {batch.source} (batch {batch.digest}): {result.removed:,} articles leave{stay}. Models and their "
        "datasets stay as they are. Make the next dataset without it: newsdesk prepare."
    )
    if result.learnt:
        tell(
            f"Champion version {result.champion} learnt from {result.learnt:,} of these articles: newsdesk retrain "
            "trains the next one without them, newsdesk models rollback goes back to the version before."
        )
    for other in result.unsure:
        tell(
            f"{other} has stories that were known when it came, and an earlier version did not write down which: if it "
            "shares some with this table, retract it and ingest it again."
        )


@app.command("build-lemmas", epilog="Example: newsdesk data build-lemmas --wordnet /usr/share/wordnet")
def build_lemmas(
    wordnet: Annotated[Path, typer.Option(help="Folder with WordNet's database files.")] = Path("/usr/share/wordnet"),
    output: Annotated[Path | None, typer.Option(help="File to write. Default: the table of this installation.")] = None,
) -> None:
    """Write the lemma table again from WordNet, with NLTK."""
    from newsdesk.text.lemmas import pack_table, shipped_table
    from newsdesk.text.wordnet import build_noun_lemmas

    lemmas = build_noun_lemmas(wordnet)
    target = output or shipped_table()
    target.write_bytes(pack_table(lemmas))
    print(f"{len(lemmas):,} forms written to {target}.")


@app.command("quarantine", epilog="Example: newsdesk data quarantine 3f9c2a1b --rows 20")
def quarantine(
    version: Annotated[str, typer.Argument(help="Version of a dataset, or a batch that was ingested.")],
    rows: Annotated[int, typer.Option(help="How many rows to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print every row as JSON Lines.")] = False,
) -> None:
    """Show the rows of a dataset or batch that were set aside, with their reasons."""
    import json

    from newsdesk.articles.dataset import read_dataset
    from newsdesk.articles.ingested_batches import read_batch
    from newsdesk.articles.parquet_files import QUARANTINE, read_quarantine
    from newsdesk.config.settings import load_settings

    settings = load_settings()
    batch = settings.articles / version / QUARANTINE
    quarantined = read_quarantine(
        batch if batch.is_file() else read_dataset(settings.datasets / version).folder / QUARANTINE
    )
    if as_json:
        for row in quarantined:
            print(json.dumps(vars(row)))
        return
    from newsdesk.cli.output import tell
    from newsdesk.cli.tables import print_table, table_of, wide_console

    table = table_of("row", "reasons", "id", "category", "title", "text")
    for row in quarantined[:rows]:
        cells = (row.id, row.category, row.title[:60], row.text[:60])
        table.add_row(str(row.row), ", ".join(row.reasons), *cells)
    print_table(wide_console(), f"{len(quarantined):,} rows set aside", table)
    report = read_batch(batch.parent).reading if batch.is_file() else None
    if report:
        tell(*report.sentences())

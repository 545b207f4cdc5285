"""`newsdesk data`: look after the data that Newsdesk itself ships or keeps."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Rows that were set aside; the lemma table.",
    no_args_is_help=True,
    epilog="Example: newsdesk data quarantine 3f9c2a1b",
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
    from newsdesk.articles.intake import read_batch
    from newsdesk.articles.tables import QUARANTINE, read_quarantine
    from newsdesk.config.settings import load_settings

    settings = load_settings()
    batch = settings.articles / version / QUARANTINE
    aside = read_quarantine(batch if batch.is_file() else read_dataset(settings.datasets / version).folder / QUARANTINE)
    if as_json:
        for row in aside:
            print(json.dumps(vars(row)))
        return
    from newsdesk.cli.output import tell
    from newsdesk.cli.tables import print_table, table_of, wide_console

    table = table_of("row", "reasons", "id", "category", "title", "text")
    for row in aside[:rows]:
        cells = (row.id, row.category, row.title[:60], row.text[:60])
        table.add_row(str(row.row), ", ".join(row.reasons), *cells)
    print_table(wide_console(), f"{len(aside):,} rows set aside", table)
    reading = read_batch(batch.parent).reading if batch.is_file() else None
    if reading:
        tell(*reading.sentences())

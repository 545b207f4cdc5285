"""`newsdesk score`: a category for every row of a file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsdesk.cli.options import AsJson
from newsdesk.cli.table_options import EncodingOption, SheetOption, TextColumn, TitleColumn

if TYPE_CHECKING:
    from newsdesk.bulk.score import ScoreResult

VersionOption = Annotated[
    str | None, typer.Option("--version", help="Number of the version that answers. Default: the champion.")
]


def score(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="IN... OUT",
            help="Tables or patterns such as 'news-*.csv', and last the file to write: .csv, .jsonl or .parquet.",
        ),
    ],
    version: VersionOption = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    encoding: EncodingOption = "utf-8",
    sheet: SheetOption = None,
    prefix: Annotated[str, typer.Option(help="What the names of the new columns begin with.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT where it is there.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Write nothing if a row cannot be scored.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score every row of tables, and write them again with the answers in columns of their own.

    Answers are those of /predict. Nothing is remembered of them: neither store nor monitoring sees them.
    """
    from newsdesk.articles.column_mapping import ColumnNames
    from newsdesk.bulk.score import ScoreRequest
    from newsdesk.bulk.score import score as score_files
    from newsdesk.bulk.text_scorer import open_scorer
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.errors import UsageError

    *patterns, out = paths
    if not patterns:
        raise UsageError(f"Name what to score, and last the file to write: newsdesk score {out} scored.csv.")
    columns = ColumnNames(text_column, title_column)
    request = ScoreRequest(patterns, Path(out), columns, encoding, sheet, prefix, overwrite, strict)
    scorer = open_scorer(load_settings(), version)
    with shown_progress() as progress:
        result = score_files(request, scorer, progress)
    if as_json:
        print(json.dumps(_as_dict(result), indent=2))
    else:
        _print(result)
    if not result.scored:
        raise typer.Exit(1)


def _as_dict(result: "ScoreResult") -> dict[str, Any]:
    failures = {
        reason: {"rows": failure.rows, "first": [{"file": file, "row": row} for file, row in failure.first]}
        for reason, failure in result.failures.items()
    }
    return {
        "out": str(result.out),
        "files": result.files,
        "rows": result.rows,
        "scored": result.scored,
        "continued": result.continued,
        "categories": dict(result.categories.most_common()),
        "not_scored": failures,
        "model_version": result.version,
        "model_digest": result.digest,
    }


def _print(result: "ScoreResult") -> None:
    from newsdesk.cli.output import tell
    from newsdesk.cli.tables import print_table, table_of, wide_console

    files = "1 file" if result.files == 1 else f"{result.files:,} files"
    tell(f"Scored {result.scored:,} of {result.rows:,} rows of {files} by version {result.version}: {result.out}")
    if result.continued:
        tell(f"{result.continued:,} of the answers are from a run before, which was stopped.")
    table = table_of("category")
    table.add_column("rows", justify="right")
    for category, rows in result.categories.most_common():
        table.add_row(category, f"{rows:,}")
    print_table(wide_console(), "Predicted", table)
    if result.failures:
        table = table_of("reason")
        table.add_column("rows", justify="right")
        table.add_column("first rows")
        for reason, failure in result.failures.items():
            first = ", ".join(f"{file} row {row}" for file, row in failure.first)
            table.add_row(reason, f"{failure.rows:,}", first + (" …" if failure.rows > len(failure.first) else ""))
        print_table(wide_console(), "Not scored; the column score_error tells every one", table)

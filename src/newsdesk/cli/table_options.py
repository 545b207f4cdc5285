"""The options that say how a table of articles is to be read."""

from typing import Annotated, Literal

import typer

TextColumn = Annotated[str | None, typer.Option(help="Column with the text, if not found by name.")]
TitleColumn = Annotated[str | None, typer.Option(help="Column with the title, if not found by name.")]
CategoryColumn = Annotated[str | None, typer.Option(help="Column with the category, if not found by name.")]
EncodingOption = Annotated[
    str,
    typer.Option("--encoding", metavar="NAME", help="Encoding of CSV and JSON, if they are not UTF-8: windows-1252."),
]
SheetOption = Annotated[
    str | None, typer.Option("--sheet", metavar="NAME", help="Sheet of an Excel workbook with several tables.")
]
DateOrderOption = Annotated[
    Literal["dmy", "mdy", "ymd"] | None,
    typer.Option(
        "--date-order",
        help="Order of day, month and year in dates of numbers. Default: as pipeline_config.yaml or the rows say.",
    ),
]

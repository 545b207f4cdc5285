"""`newsdesk retrain`: learn from what editors said since."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from newsdesk.cli.gate_options import DryRun, NoPromote, Yes
from newsdesk.cli.output import tell
from newsdesk.cli.table_options import (
    CategoryColumn,
    DateOrderOption,
    EncodingOption,
    SheetOption,
    TextColumn,
    TitleColumn,
)

if TYPE_CHECKING:
    from newsdesk.pipeline.retrain import RetrainResult


def retrain(
    if_needed: Annotated[
        bool, typer.Option("--if-needed", help="Only where the newest monitoring pass asks for it.")
    ] = False,
    mode: Annotated[
        Literal["refresh", "full"] | None,
        typer.Option(
            help="refresh: the champion's kind of classifier; full: all of model_config.yaml. Default: as "
            "pipeline_config.yaml says."
        ),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="A table of labelled articles to learn from, too.")] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    category_column: CategoryColumn = None,
    date_order: DateOrderOption = None,
    encoding: EncodingOption = "utf-8",
    sheet: SheetOption = None,
    yes: Yes = False,
    no_promote: NoPromote = False,
    dry_run: DryRun = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train again on the champion's articles and what editors said since; the gate decides."""
    from newsdesk.articles.column_mapping import ColumnNames
    from newsdesk.cli import gate_options
    from newsdesk.cli.actor import user
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.pipeline.retrain import RetrainRequest
    from newsdesk.pipeline.retrain import retrain as retrain_model

    columns = ColumnNames(text_column, title_column, category_column)
    options = gate_options.gate_options(yes=yes, no_promote=no_promote, dry_run=dry_run)
    request = RetrainRequest(user(), if_needed, mode, data, columns, date_order, encoding, sheet, options)
    with shown_progress() as progress:
        retrained = retrain_model(request, load_settings(), progress)
    if as_json:
        _print_json(retrained)
    else:
        _print(retrained)
    if retrained.outcome is not None:
        gate_options.exit_by_decision(retrained.outcome.judged.verdict.decision)


def _print(retrained: "RetrainResult") -> None:
    if retrained.outcome is None:
        tell(f"Nothing was trained. {retrained.reason}")
        if retrained.table_report:
            tell(*retrained.table_report.sentences())
        _print_labels(retrained)
        return
    from newsdesk.cli import run_output  # it needs what training has imported by now

    tell(f"\nWhy: {retrained.reason}\nWhat is new: {retrained.corrected}.")
    _print_labels(retrained)
    run_output.print_tables(retrained.outcome)


def _print_labels(retrained: "RetrainResult") -> None:
    if retrained.labels is None:
        return
    from newsdesk.cli.labels import print_labels
    from newsdesk.cli.tables import wide_console

    print_labels(wide_console(), retrained.labels.states, list(map(str, retrained.labels.distrusted)))


def _print_json(retrained: "RetrainResult") -> None:
    import json

    trained: dict[str, object] | None = None
    if retrained.outcome is not None:
        from newsdesk.cli import run_output

        trained = run_output.as_dict(retrained.outcome)
    corrections = retrained.corrected.counts() if retrained.corrected else None
    labels: dict[str, object] = {"labels": None, "distrusted": []}
    if retrained.labels is not None:
        from newsdesk.cli.labels import labels_as_dict

        labels = labels_as_dict(retrained.labels.states, list(map(str, retrained.labels.distrusted)))
    result = {
        "reason": retrained.reason,
        "corrections": corrections,
        **labels,
        "reading": retrained.table_report.model_dump(mode="json") if retrained.table_report else None,
        "outcome": trained,
    }
    print(json.dumps(result, indent=2))

"""`newsdesk run`: the whole main job."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsdesk.cli.gate_options import DryRun, NoPromote, Yes
from newsdesk.cli.options import Candidates, candidate_names
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
    from newsdesk.registry.champion import Champion


def run(
    data: Annotated[
        Path | None,
        typer.Option(
            help="CSV, JSON, Parquet or Excel with labelled articles. Default: the sample corpus, where no model is in "
            "charge yet; else nothing is trained."
        ),
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
    sample: Annotated[
        bool, typer.Option("--sample", help="Train on the sample corpus, unless a model of your own is in charge.")
    ] = False,
    candidates: Candidates = None,
    yes: Yes = False,
    no_promote: NoPromote = False,
    dry_run: DryRun = False,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the champion when done.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train on your articles, compare, promote the best through the gate, and serve it."""
    from newsdesk.articles.column_mapping import ColumnNames
    from newsdesk.cli import gate_options
    from newsdesk.cli.actor import user
    from newsdesk.cli.progress import shown_progress
    from newsdesk.cli.serve import require_free_port
    from newsdesk.config.settings import load_settings
    from newsdesk.errors import UsageError
    from newsdesk.pipeline.run import run as run_main_job
    from newsdesk.pipeline.sample_rule import champion_in_charge
    from newsdesk.pipeline.table_check import ArticleSource
    from newsdesk.stopping import was_asked_to_stop

    if sample and data:
        raise UsageError("--sample and --data are two things to train on. Leave out one.")
    settings = load_settings()
    serve = serve and not (no_promote or dry_run)
    if serve:
        require_free_port(settings.api_host, settings.api_port)
    if data is None and not sample and (champion := champion_in_charge(settings)):
        _tell_nothing_to_train(champion, as_json)
    else:
        columns = ColumnNames(text_column, title_column, category_column)
        source = ArticleSource(data, labels, columns, encoding, date_order, sheet)
        options = gate_options.gate_options(yes=yes, no_promote=no_promote, dry_run=dry_run)
        with shown_progress() as progress:
            outcome = run_main_job(source, settings, user(), progress, options, candidate_names(candidates))
        from newsdesk.cli import run_output  # it needs what the main job has imported by now

        if as_json:
            run_output.print_json(outcome)
        else:
            run_output.print_tables(outcome)
        decision = outcome.judged.verdict.decision
        if decision == "refused" or not serve:
            gate_options.exit_by_decision(decision)
    if serve and not was_asked_to_stop():
        _serve(settings, as_json)


def _tell_nothing_to_train(champion: "Champion", as_json: bool) -> None:
    from newsdesk.cli.output import tell

    reason = (
        f"Nothing was trained: version {champion.version} is in charge, and the sample corpus is for homes without a "
        "model. To train on your articles: newsdesk run --data FILE."
    )
    if not as_json:
        tell(reason)
        return
    known = {"version": champion.version, "digest": champion.bundle.digest}
    print(json.dumps({"trained": False, "reason": reason, "champion": known}, indent=2))


def _serve(settings: "Settings", as_json: bool) -> None:
    from newsdesk.cli.invitation import print_invitation
    from newsdesk.cli.serve import hand_over_to_server

    if not as_json:
        print_invitation(settings.api_host, settings.api_port)
    hand_over_to_server()

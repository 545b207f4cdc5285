"""`newsdesk plan`, `train`, `evaluate`, `promote`: a training step by step."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from newsdesk.cli.gate_options import Yes
from newsdesk.cli.options import AsJson, Candidates, candidate_names
from newsdesk.cli.output import tell
from newsdesk.cli.table_options import CategoryColumn, EncodingOption, SheetOption, TextColumn, TitleColumn

if TYPE_CHECKING:
    from newsdesk.pipeline.plan.steps import PromotionResult

PlanId = Annotated[str, typer.Option("--plan", help="Id of the plan, as `newsdesk plan` tells it.")]


def plan(
    dataset: Annotated[str | None, typer.Option(help="Version of a dataset. Default: all that was ingested.")] = None,
    candidates: Candidates = None,
    mode: Annotated[
        Literal["refresh", "full"] | None,
        typer.Option(help="refresh: the champion's kind of classifier; full: all of model_config.yaml."),
    ] = None,
    tuning_budget: Annotated[
        int | None, typer.Option(min=0, help="How many other settings to try for each candidate.")
    ] = None,
    retraining: Annotated[
        bool, typer.Option("--retraining", help="Learn from what editors said since the champion was trained.")
    ] = False,
    if_needed: Annotated[
        bool,
        typer.Option(
            "--if-needed",
            help="Only where the dataset was not trained on yet; with --retraining, where the newest monitoring pass "
            "asks for it.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Decide what is to be trained on what, for the steps that follow."""
    from newsdesk.cli.actor import user
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.errors import UsageError
    from newsdesk.pipeline.plan.create import PlanRequest, plan_training

    if retraining and dataset:
        raise UsageError("--retraining chooses its dataset itself. Leave out --dataset.")
    names = candidate_names(candidates)
    request = PlanRequest(user(), dataset, names, mode, tuning_budget, retraining, if_needed)
    with shown_progress() as progress:
        planned = plan_training(request, load_settings(), progress)
    summary = planned.as_dict()
    if as_json:
        print(json.dumps(summary, indent=2))
    elif planned.plan_id is None:
        tell(f"Nothing is planned. {planned.reason}")
    else:
        tell(f"Plan {summary['plan']}: {', '.join(summary['candidates'])} on dataset {summary['dataset']}.")


def train(
    plan: PlanId,
    candidate: Annotated[str, typer.Option(help="Name of the candidate.")],
    as_json: AsJson = False,
) -> None:
    """Fit and measure one candidate of a plan."""
    from newsdesk.cli.leaderboard import baseline, print_dead
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.pipeline.plan.steps import train_candidate

    with shown_progress() as progress:
        trained = train_candidate(plan, candidate, load_settings(), progress)
    if as_json:
        summary = {
            "plan": plan,
            "candidate": trained.name,
            "model_type": trained.model_type,
            "hyperparameters": trained.hyperparameters,
            "validation_accuracy": trained.validation.accuracy,
            "test_accuracy": trained.test.accuracy,
            "test_baseline": trained.test.baseline._asdict(),
            "dead_categories": trained.test.dead_categories,
            "fit_seconds": trained.fit_seconds,
            "converged": trained.converged,
            "servable": trained.bundle is not None,
        }
        print(json.dumps(summary, indent=2))
        return
    figures = f"validation accuracy {trained.validation.accuracy:.4f}, test {trained.test.accuracy:.4f}"
    tell(f"{trained.name}: {figures} ({baseline(trained.test)}).")
    print_dead(trained.test.dead_categories, trained.test.tested_categories)


def evaluate(
    plan: Annotated[str | None, typer.Option("--plan", help="Id of the plan, as `newsdesk plan` tells it.")] = None,
    data: Annotated[Path | None, typer.Option(help="A table of labelled articles to measure a version on.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="Its number. Default: the champion.")] = None,
    text_column: TextColumn = None,
    title_column: TitleColumn = None,
    category_column: CategoryColumn = None,
    encoding: EncodingOption = "utf-8",
    sheet: SheetOption = None,
    as_json: AsJson = False,
) -> None:
    """Measure a registered version on a table, or on the champion's test set; with --plan, a plan's candidates.

    Those of a plan are compared, the best is fitted again and measured on the test set, and all is tracked.
    """
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.errors import UsageError

    if plan is None:
        from newsdesk.cli import version_evaluation

        columns = (text_column, title_column, category_column)
        measured = version_evaluation.evaluate_on([version] if version else [], data, columns, encoding, sheet)
        (version_evaluation.print_json if as_json else version_evaluation.print_evaluation)(measured)
        return
    if data or version:
        raise UsageError("A plan is measured on its own test set. Leave out --plan, or --data and --version.")
    from newsdesk.pipeline.plan.steps import evaluate_plan

    with shown_progress() as progress:
        trained = evaluate_plan(plan, load_settings(), progress)
    from newsdesk.cli import run_output

    if as_json:
        summary = {"plan": plan, **run_output.trained_as_dict(trained)}
        print(json.dumps(summary, indent=2))
        return
    run_output.print_trained(trained)


def promote(
    plan_id: Annotated[str | None, typer.Argument(metavar="PLAN", help="Id of the plan, as --plan.")] = None,
    plan: Annotated[str | None, typer.Option(help="Id of the plan, as `newsdesk plan` tells it.")] = None,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what the gate says, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let the gate decide about what a plan came to, and put it in charge where it is good enough."""
    from newsdesk.cli import gate_options
    from newsdesk.cli.actor import user
    from newsdesk.cli.leaderboard import print_dead
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.errors import UsageError
    from newsdesk.pipeline.plan.steps import as_dict, promote_plan

    chosen = plan_id or plan
    if chosen is None or (plan_id and plan):
        raise UsageError("Name one plan, as `newsdesk plan` tells it: newsdesk promote PLAN.")
    with shown_progress() as progress:
        result = promote_plan(chosen, load_settings(), user(), progress, dry_run=dry_run, yes=yes)
    if as_json:
        print(json.dumps({"plan": chosen, **as_dict(result)}, indent=2))
    else:
        _tell(result)
        if dead := result.verdict.evidence.get("dead_categories"):
            print_dead(dead, result.verdict.evidence["tested_categories"])
    gate_options.exit_by_decision(result.verdict.decision)


def _tell(result: "PromotionResult") -> None:
    from newsdesk.cli.next_step import next_step

    verdict = result.verdict
    if not result.is_done:
        tell(f"Nobody was put in charge, as asked. The gate says {verdict.decision}: {verdict.reason}.")
        return
    version = f" as version {result.version}" if result.version else ""
    tell(f"{verdict.decision.capitalize()}{version}: {verdict.reason}.")
    if step := next_step(verdict.decision, result.version, (result.champion or {}).get("version")):
        tell(step)


def smoke_test(
    url: Annotated[
        list[str] | None, typer.Option(help="Address of a server. May be repeated. Default: NEWSDESK_API_URL.")
    ] = None,
    patience: Annotated[float, typer.Option(min=0, help="Seconds that it may take to swap to the champion.")] = 60,
    successes: Annotated[
        int, typer.Option(min=1, max=1000, help="Right answers in a row, of all workers behind an address.")
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Check that running servers serve the champion, and answer as it was measured."""
    from dataclasses import asdict

    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.pipeline.smoke_test import smoke_test as ask

    settings = load_settings()
    with shown_progress() as progress:
        served = ask(url or [settings.api_url or ""], settings, patience, progress, successes)
    if as_json:
        print(json.dumps(asdict(served), indent=2))
        return
    print(f"Version {served.version} ({served.digest}) is served, and answers as it was measured.")
    if served.unreachable:
        print(f"No answer from {', '.join(served.unreachable)}: it will load the champion when it starts.")

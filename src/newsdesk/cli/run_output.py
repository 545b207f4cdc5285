"""Print what the main job came to."""

import json
from dataclasses import asdict
from typing import Any

from rich.console import Console

from newsdesk.articles.quarantine import REASONS
from newsdesk.cli.categories import categories_as_dict, category_lines
from newsdesk.cli.leaderboard import print_leaderboard, print_per_category
from newsdesk.cli.next_step import next_step
from newsdesk.cli.tables import print_table, styled, table_of, wide_console
from newsdesk.pipeline.prepare import PreparedDataset
from newsdesk.pipeline.promotion_gate import GateResult
from newsdesk.pipeline.run import RunResult
from newsdesk.pipeline.train import TrainingResult

_FIRST_ROWS = 4


def print_tables(outcome: RunResult) -> None:
    """For people."""
    console = wide_console()
    _print_data(console, outcome.prepared)
    print_trained(outcome.trained)
    _print_verdict(console, outcome.trained, outcome.judged)
    _print_next_step(console, outcome.judged)
    console.print(f"Bundle {outcome.trained.bundle.digest}", style="dim")


def print_trained(trained: TrainingResult) -> None:
    """For people: what training came to."""
    console = wide_console()
    print_leaderboard(console, trained)
    print_per_category(console, trained)


def print_json(outcome: RunResult) -> None:
    """For machines."""
    print(json.dumps(as_dict(outcome), indent=2))


def as_dict(outcome: RunResult) -> dict[str, Any]:
    """All of it, as JSON-serialisable values."""
    dataset, judged = outcome.prepared.dataset, outcome.judged
    return {
        "dataset": {
            "version": dataset.version,
            "folder": str(dataset.folder),
            "source": outcome.prepared.source,
            "rows": outcome.prepared.rows,
            "counts": dataset.manifest.counts,
            "quarantined": dataset.manifest.quarantined,
            "similar_categories": outcome.prepared.similar_categories,
            **categories_as_dict(outcome.prepared),
        },
        "reading": outcome.prepared.table_report.model_dump(mode="json") if outcome.prepared.table_report else None,
        **trained_as_dict(outcome.trained),
        "gate": asdict(judged.verdict),
        "version": judged.version,
        "is_done": judged.is_done,
        "champion": None
        if judged.champion is None
        else {"version": judged.champion.version, "digest": judged.champion.digest},
    }


def trained_as_dict(trained: TrainingResult) -> dict[str, Any]:
    """The result of training, as JSON-serialisable values."""
    return {
        "candidates": [
            {
                "name": candidate.name,
                "model_type": candidate.model_type,
                "validation_accuracy": candidate.validation.accuracy,
                "test_accuracy": candidate.test.accuracy,
                "validation_f1_macro": candidate.validation.f1_macro,
                "fit_seconds": candidate.fit_seconds,
                "size_bytes": candidate.size_bytes,
                "predict_ms": candidate.predict_ms,
                "servable": candidate.bundle is not None,
            }
            for candidate in trained.candidates
        ],
        "winner": {
            "name": trained.winner.name,
            "digest": trained.bundle.digest,
            "run_id": trained.run_id,
            "test": trained.test.metrics(),
            "test_baseline": trained.test.baseline._asdict(),
            "dead_categories": trained.test.dead_categories,
            "per_class": {name: asdict(scores) for name, scores in trained.test.per_class.items()},
        },
    }


def _print_data(console: Console, prepared: PreparedDataset) -> None:
    dataset = prepared.dataset
    counts = dataset.manifest.counts
    console.print(
        styled("\nDataset ", (dataset.version, "bold"), f" from {prepared.source}: {prepared.rows:,} rows read,"),
        end=" ",
    )
    console.print(
        f"{counts['train']:,} to train, {counts['validation']:,} to compare, {counts['test']:,} to test,", end=" "
    )
    console.print(f"{len(prepared.quarantined):,} set aside.")
    if prepared.table_report:
        console.print(*prepared.table_report.sentences(), sep="\n", soft_wrap=True)
    for line in category_lines(prepared):
        console.print(line, style="yellow", soft_wrap=True)
    if not prepared.quarantined:
        return
    table = table_of()
    table.add_column("reason")
    table.add_column("rows", justify="right")
    table.add_column("first rows")
    table.add_column("what it means")
    for reason, rows in prepared.reasons.items():
        first = ", ".join(map(str, rows[:_FIRST_ROWS])) + (" …" if len(rows) > _FIRST_ROWS else "")
        table.add_row(reason, f"{len(rows):,}", first, _meaning(reason))
    print_table(console, f"Set aside in {dataset.folder / 'quarantine.parquet'}", table)


def _meaning(reason: str) -> str:
    return REASONS.get(reason) or REASONS["<field>_" + reason.partition("_")[2]]


def _print_verdict(console: Console, trained: TrainingResult, judged: GateResult) -> None:
    verdict, champion = judged.verdict, judged.champion
    console.print()
    match verdict.decision:
        case decision if not judged.is_done:
            explanation = f", as asked. The gate says {decision}: {verdict.reason}."
            console.print(styled(("Nobody was put in charge", "bold"), explanation))
            if judged.version:
                console.print(
                    f"It is version {judged.version}; to promote it: newsdesk models promote {judged.version}"
                )
        case "waiting" if champion:
            console.print(styled(("Waiting", "bold yellow"), f" as version {judged.version}: {verdict.reason}."))
        case "refused" if judged.version:
            console.print(styled(("Refused", "bold red"), f" to promote {trained.winner.name}: {verdict.reason}."))
        case "promoted":
            console.print(
                styled(
                    ("Promoted", "bold green"), f" {trained.winner.name} as version {judged.version}: {verdict.reason}."
                )
            )
        case "unchanged" if champion:
            console.print(styled(("Unchanged", "bold"), f": {verdict.reason} (version {champion.version})."))
        case "kept" if champion:
            console.print(styled(("Kept", "bold"), f" the champion, version {champion.version}: {verdict.reason}."))
        case _:
            console.print(styled(("Refused", "bold red"), f" to promote {trained.winner.name}: {verdict.reason}."))
            console.print(
                "What can be done: give more articles for the weakest categories above, merge categories that "
                "mean nearly the same (data_pipeline.categories.aliases), "
                "try other models in configs/model_config.yaml; or, if this accuracy is good enough for you, lower "
                "training_pipeline.auto_deploy_threshold in configs/pipeline_config.yaml and run again."
            )
            confused = trained.test.most_confused(3)
            if confused:
                pairs = ", ".join(f"{true} taken for {predicted} ({share:.0%})" for true, predicted, share in confused)
                console.print(f"Most mixed up: {pairs}.")
            if champion:
                console.print(f"The champion stays version {champion.version}; `newsdesk serve` serves it.")


def _print_next_step(console: Console, judged: GateResult) -> None:
    champion = judged.champion.version if judged.champion else None
    if judged.is_done and (step := next_step(judged.verdict.decision, judged.version, champion)):
        console.print(step)

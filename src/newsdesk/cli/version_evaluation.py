"""Measure registered versions on one test set, and print how well they do."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from newsdesk.articles.column_mapping import ColumnNames
from newsdesk.cli.leaderboard import DEAD, baseline, print_dead
from newsdesk.cli.output import tell
from newsdesk.cli.progress import shown_progress
from newsdesk.cli.tables import print_table, table_of, wide_console
from newsdesk.config.settings import load_settings
from newsdesk.pipeline.evaluate_versions import conclusion, evaluate_versions
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.training.share_format import format_share

if TYPE_CHECKING:
    from newsdesk.monitoring.significance import Proportion
    from newsdesk.pipeline.evaluate_versions import ComparedVersions, EvaluatedVersion


def evaluate_on(
    versions: Sequence[str],
    data: Path | None,
    columns: tuple[str | None, str | None, str | None],
    encoding: str,
    sheet: str | None,
) -> "ComparedVersions":
    """As the options of a command say; `columns` are those of text, title and category. Raises `NewsdeskError`."""
    source = ArticleSource(data, None, ColumnNames(*columns), encoding, None, sheet)
    with shown_progress() as progress:
        return evaluate_versions(versions, source, load_settings(), progress)


def print_json(compared: "ComparedVersions") -> None:
    """For machines: shares from 0 to 1."""
    print(json.dumps(compared.as_dict(), indent=2))


def print_evaluation(compared: "ComparedVersions") -> None:
    """One version for people: its figures, and those of each category; dead ones red."""
    _tell_test_set(compared)
    (version,) = compared.versions
    test, console = version.evaluation, wide_console()
    table = table_of("category")
    for heading in ("precision", "recall", "F1", "articles"):
        table.add_column(heading, justify="right")
    for name, scores in test.per_class.items():
        shown = [format_share(value, test.articles) for value in (scores.precision, scores.recall, scores.f1)]
        shown = shown if name not in version.unknown else ["–", "–", "not known"]
        style = DEAD if name in test.dead_categories and name not in version.unknown else ""
        table.add_row(name, *shown, f"{scores.support:,}", style=style)
    print_table(console, f"Version {version.version} ({version.digest[7:19]})", table)
    macro = format_share(test.f1_macro, test.articles)
    tell(f"Accuracy {with_interval(version.accuracy)}, macro F1 {macro} ({baseline(test)}).")
    _tell_flaws(version)
    print_dead([name for name in test.dead_categories if name not in version.unknown], test.tested_categories)


def print_comparison(compared: "ComparedVersions") -> None:
    """Several versions for people, side by side, and what can be said of each two."""
    _tell_test_set(compared)
    table = table_of("version")
    for heading in ("accuracy (95 % interval)", "macro F1", "dead categories"):
        table.add_column(heading, justify="right")
    for version in compared.versions:
        test = version.evaluation
        macro = format_share(test.f1_macro, test.articles)
        table.add_row(version.version, with_interval(version.accuracy), macro, str(len(test.dead_categories)))
    category, share = compared.versions[0].evaluation.baseline
    table.add_row(f"always {category}", format_share(share, len(compared.test_set.examples)), "", "", style="dim")
    print_table(wide_console(), "On the same articles", table)
    for version in compared.versions:
        _tell_flaws(version)
    tell(*(conclusion(*pair) for pair in compared.pairs))


def with_interval(share: "Proportion") -> str:
    """No more precise than so many articles allow."""
    low, high = format_share(share.low, share.of), format_share(share.high, share.of)
    return f"{format_share(share.share, share.of)} ({low} to {high})"


def _tell_test_set(compared: "ComparedVersions") -> None:
    test_set = compared.test_set
    rows = "1 row" if test_set.set_aside == 1 else f"{test_set.set_aside:,} rows"
    unused = f"; not used or repeating others: {rows}" if test_set.set_aside else ""
    tell(f"Measured on {len(test_set.examples):,} articles of {test_set.name}{unused}.")
    if test_set.table_report:
        tell(*test_set.table_report.sentences())


def _tell_flaws(version: "EvaluatedVersion") -> None:
    if version.learnt:
        tell(f"Version {version.version} learnt from {version.learnt:,} of these articles: its figures flatter it.")
    if version.learnt is None:
        tell(f"Whether version {version.version} learnt from these articles is not known: its dataset is gone.")
    if version.unknown:
        named = ", ".join(version.unknown[:10]) + (" and more" if len(version.unknown) > 10 else "")
        tell(f"Version {version.version} does not know {named}: it cannot be right there.")

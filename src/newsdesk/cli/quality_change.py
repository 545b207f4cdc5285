"""Print which categories the champion does worse on lately."""

from dataclasses import asdict
from typing import Any

from rich.console import Console

from newsdesk.cli.tables import print_table, table_of
from newsdesk.monitoring.misclassified_texts import MisclassifiedText, MisclassifiedTexts
from newsdesk.monitoring.page.formatting import MEASURES, measured, mixed_up, percent
from newsdesk.monitoring.page.worse_section import NEEDED, NONE_OF_A_PAIR, TOO_FEW_LABELS, confusions, describe_change
from newsdesk.monitoring.report import Confusion, QualityChange


def print_change(console: Console, change: QualityChange | None, examples: MisclassifiedTexts) -> None:
    """For people; nothing where nothing was answered."""
    if change is None:
        return
    if not change.is_known:
        console.print(f"What got worse: {TOO_FEW_LABELS[0].lower()}{TOO_FEW_LABELS[1:]}. {NEEDED}\n", soft_wrap=True)
        return
    if change.worse:
        table = table_of("category", "measured by", "lately", "before")
        for category in change.worse:
            figures = (measured(category.measure, estimate) for estimate in (category.lately, category.before))
            table.add_row(category.category, MEASURES[category.measure], *figures)
        print_table(console, "What got worse", table)
    for line in _example_lines(confusions(change), examples):
        console.print(line, soft_wrap=True)
    console.print(" ".join(describe_change(change)) + "\n", soft_wrap=True)


def change_as_dict(change: QualityChange | None, examples: MisclassifiedTexts) -> dict[str, Any] | None:
    """For machines."""
    if change is None:
        return None
    worse = []
    for category in change.worse:
        entry = asdict(category)
        if category.confusion:
            entry["confusion"]["examples"] = [*map(_as_dict, _examples_of(category.confusion, examples))]
        worse.append(entry)
    return {
        "begin": change.begin.isoformat(),
        "since": change.since.isoformat(),
        "worse": worse,
        "not_worse": list(change.not_worse),
        "too_few": list(change.too_few),
        "examples_left_out": examples.why_none,
    }


def _example_lines(pairs: list[Confusion], examples: MisclassifiedTexts) -> list[str]:
    lines = []
    for pair in pairs:
        lines.append(f"{mixed_up(pair)}{':' if _examples_of(pair, examples) else '.'}")
        lines += [
            f"  - {example.text} ({percent(example.confidence, 0)} sure)" for example in _examples_of(pair, examples)
        ]
        if not (examples.why_none or _examples_of(pair, examples)):
            lines.append(f"  {NONE_OF_A_PAIR}")
    return [*lines, *([examples.why_none] if pairs and examples.why_none else [])]


def _examples_of(pair: Confusion, examples: MisclassifiedTexts) -> tuple[MisclassifiedText, ...]:
    return examples.of_pairs.get((pair.predicted, pair.right), ())


def _as_dict(example: MisclassifiedText) -> dict[str, Any]:
    return example._asdict() | {"window": example.window.isoformat()}

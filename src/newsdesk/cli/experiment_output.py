"""Print how the arms of a live experiment compare."""

from rich.console import Console

from newsdesk.cli.tables import print_table, table_of, wide_console
from newsdesk.monitoring.arm_comparison import ArmFigures, Comparison, LiveComparison
from newsdesk.monitoring.significance import Proportion


def print_comparison(comparison: LiveComparison) -> None:
    """For people."""
    console = wide_console()
    if comparison.shadow:
        _print_arms(console, "In the shadow: both answered the same texts", comparison.shadow)
    if comparison.ab:
        _print_arms(console, "A/B: each answered its own texts or callers", comparison.ab)
    console.print(comparison.conclusion, soft_wrap=True)


def _print_arms(console: Console, title: str, comparison: Comparison) -> None:
    table = table_of("arm", "version")
    for heading in ("answers", "median ms", "95 % below ms", "accuracy (95 % interval)", "texts with feedback"):
        table.add_column(heading, justify="right")
    for arm in (comparison.champion, comparison.other):
        table.add_row(arm.arm, arm.version, f"{arm.predictions:,}", *_durations(arm), *_accuracy(arm.accuracy))
    print_table(console, f"{title}, {comparison.since:%Y-%m-%d %H:%M} to {comparison.until:%Y-%m-%d %H:%M} UTC", table)
    if comparison.agreement:
        console.print(f"They agree on {_with_interval(comparison.agreement)} of {comparison.agreement.of:,} texts.\n")


def _durations(arm: ArmFigures) -> tuple[str, str]:
    if arm.median_ms is None or arm.p95_ms is None:
        return "", ""
    return f"{arm.median_ms:.2f}", f"{arm.p95_ms:.2f}"


def _accuracy(accuracy: Proportion | None) -> tuple[str, str]:
    return ("", "0") if accuracy is None else (_with_interval(accuracy), f"{accuracy.of:,}")


def _with_interval(share: Proportion) -> str:
    return f"{share.share:.1%} ({share.low:.1%} to {share.high:.1%})"

"""What was measured, as markdown."""

import os
from collections.abc import Sequence

from benchmarks.serving.comparison import Result
from benchmarks.serving.contenders import NEWSDESK, NO_OP
from benchmarks.tables import markdown

ABOUT = """## Over HTTP (`python -m benchmarks serving`)

Logistic regression over 10,000 features, fitted on the BBC articles. Every contender answers with the same
probabilities, which the run checks before it measures. Each is started alone with one worker and else as it comes
(MLServer with adaptive batching, BentoML with and without), and posted to by `wrk` from the same machine, which has
{cores} cores: one thread, connections that never pause, after a warm-up. No text is sent twice, so that no cache
helps, but where a table says "seen before". Errors are answers of 400 and above, broken connections and time-outs.
Raw figures: `measurements-serving.json`.
"""


def section(results: Sequence[Result], scaling: Sequence[Result]) -> str:
    """The whole section of the report."""
    done = [result for result in results if not result.skipped]
    kinds = list(dict.fromkeys(point.kind for result in done for point in result.points))
    parts = [ABOUT.format(cores=os.cpu_count())]
    parts += [f"### {kind.capitalize()}\n\n{_load(kind, done)}" for kind in kinds]
    parts += [_against_ceiling(done), f"### Memory and cold start\n\n{_weight(done)}", _workers(scaling)]
    parts += [f"Left out: {result.name}: {result.skipped}.\n" for result in (*results, *scaling) if result.skipped]
    return "\n".join(part for part in parts if part)


def _load(kind: str, results: Sequence[Result]) -> str:
    rows = []
    for result in results:
        for point in result.points:
            if point.kind == kind:
                seen = point.measured
                latencies = [f"{value:.2f}" for value in (seen.p50, seen.p95, seen.p99)]
                rows.append((result.name, point.connections, f"{seen.rate:,.0f}", *latencies, seen.errors))
    return markdown(("contender", "connections", "requests/s", "p50 ms", "p95 ms", "p99 ms", "errors"), rows)


def _against_ceiling(results: Sequence[Result]) -> str:
    by_name = {result.name: result for result in results}
    if not {NEWSDESK, NO_OP} <= by_name.keys():
        return ""
    rows = []
    for point in by_name[NO_OP].points:
        ours, ceiling = by_name[NEWSDESK].rate(point.kind, point.connections), point.measured.rate
        if ours and ceiling:
            rows.append((point.kind, point.connections, f"{ours / ceiling:.0%}"))
    return "### newsdesk / no-op\n\n" + markdown(("texts", "connections", "newsdesk / no-op"), rows)


def _weight(results: Sequence[Result]) -> str:
    rows = [
        (
            result.name,
            f"{result.cold_start:.2f}",
            f"{result.memory.total:.0f}",
            f"{result.memory.largest:.0f}",
            result.memory.processes,
        )
        for result in results
        if result.memory
    ]
    headings = ("contender", "cold start s", "memory MB", "largest process MB", "processes")
    return (
        "Cold start: from the start of the process to its first prediction, median. "
        "Memory: resident after the load, all processes together.\n\n" + markdown(headings, rows)
    )


def _workers(scaling: Sequence[Result]) -> str:
    done = [result for result in scaling if not result.skipped]
    if not done or done[0] is not scaling[0]:
        return ""
    one, *_ = done
    rows = []
    for result in done:
        weight = (result.memory.processes, f"{result.memory.total:.0f}") if result.memory else ("-", "-")
        for point in result.points:
            alone = one.rate(point.kind, point.connections)
            ratio = f"{point.measured.rate / alone:.2f}x" if alone else "-"
            seen = (f"{point.measured.rate:,.0f}", ratio, point.measured.errors)
            rows.append((result.name, point.kind, *seen, *weight))
    headings = ("contender", "texts", "requests/s", "against one", "errors", "processes", "memory MB")
    return (
        f"### Workers\n\nAt {done[0].points[0].connections} connections. The load generator needs a core, too, so "
        f"{os.cpu_count()} cores leave little for more workers; three against one means something from four cores "
        "up.\n\n" + markdown(headings, rows)
    )

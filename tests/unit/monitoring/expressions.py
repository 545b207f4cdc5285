"""What a PromQL expression asks for: the names of its metrics, and the labels that it selects them by."""

from dataclasses import dataclass

import promql_parser
from promql_parser import Expr, MatchOp, VectorSelector

from newsdesk.monitoring.catalogue import CATALOGUE

_SUFFIXES = ("_bucket", "_sum", "_count")


@dataclass(frozen=True)
class Selected:
    """A metric in an expression, and the names of the labels that it is selected by."""

    metric: str
    labels: frozenset[str]


def selected(expression: str) -> list[Selected]:
    """Every selector, in order. Raises `ValueError` where it does not parse, or selects a metric by no single name."""
    found: list[Selected] = []

    def visit(node: Expr) -> None:
        if isinstance(node, VectorSelector):
            found.append(_selected(node, expression))

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


def metric_names(expression: str) -> set[str]:
    """The names as they stand in the expression: those of histograms with _bucket, _sum or _count."""
    return {selector.metric for selector in selected(expression)}


def names_in_catalogue() -> dict[str, frozenset[str]]:
    """Every name that Newsdesk's own metrics can have in an expression, with its labels."""
    names: dict[str, frozenset[str]] = {}
    for metric in CATALOGUE:
        labels = frozenset(metric.labels)
        if metric.kind == "histogram":
            names |= {metric.name + suffix: labels for suffix in _SUFFIXES}
            names[f"{metric.name}_bucket"] |= {"le"}
        else:
            names[metric.name] = labels
    return names


def _selected(selector: VectorSelector, expression: str) -> Selected:
    matchers = selector.matchers.matchers
    names = [selector.name] if selector.name else []
    names += [matcher.value for matcher in matchers if matcher.name == "__name__" and matcher.op == MatchOp.Equal]
    if len(names) != 1 or selector.matchers.or_matchers:
        raise ValueError(f"a selector without the name of one metric in: {expression}")
    return Selected(names[0], frozenset(matcher.name for matcher in matchers) - {"__name__"})

"""Expressions as Grafana sends them, with every variable replaced."""


def concrete(expr: str, *, rate: str = "1m", span: str = "1h") -> str:
    """The expression over everything: `rate` is what `$__rate_interval` stands for, `span` the range that is shown."""
    replaced = {"$__rate_interval": rate, "$__range": span, "$job": ".+", "$model_version": ".+"}
    for variable, value in replaced.items():
        expr = expr.replace(variable, value)
    return expr

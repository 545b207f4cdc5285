"""The rules of Prometheus, and their tests, as they stand in monitoring/prometheus/."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
PROMETHEUS = ROOT / "monitoring" / "prometheus"
ALERTMANAGER = ROOT / "monitoring" / "alertmanager"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
RULE_TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))


@dataclass(frozen=True)
class Alert:
    """One alerting rule."""

    name: str
    expr: str
    lasting: str | None  # `for`, None where it is left out
    labels: dict[str, str]
    annotations: dict[str, str]


@cache
def alerts() -> dict[str, Alert]:
    """Every alert by its name."""
    rules = [rule for rule in _rules() if "alert" in rule]
    found = {
        rule["alert"]: Alert(rule["alert"], rule["expr"], rule.get("for"), rule["labels"], rule["annotations"])
        for rule in rules
    }
    assert len(found) == len(rules), "two alerts have one name"
    return found


@cache
def recordings() -> dict[str, str]:
    """Every recorded expression by its name."""
    return {rule["record"]: rule["expr"] for rule in _rules() if "record" in rule}


def _rules() -> list[dict[str, Any]]:
    groups = [group for file in RULES for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]

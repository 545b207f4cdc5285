"""Write the rules of Prometheus as a PrometheusRule for Kubernetes: python scripts/prometheus_rule.py"""

from pathlib import Path
from typing import Any

import yaml

from newsdesk import atomic

ROOT = Path(__file__).parents[1]
RULES = ROOT / "monitoring" / "prometheus" / "rules"
TARGET = ROOT / "deploy" / "kubernetes" / "components" / "prometheus" / "prometheus-rule.yaml"
_HEAD = "# Made from monitoring/prometheus/rules by `python scripts/prometheus_rule.py`: change them there.\n"


class _Readable(yaml.SafeDumper):
    """Writes text of several lines as such."""


_Readable.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)


def prometheus_rule() -> dict[str, Any]:
    """All groups of all rule files, in the order of the files' names."""
    files = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(RULES.glob("*.yml"))]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "newsdesk"},
        "spec": {"groups": [group for file in files for group in file["groups"]]},
    }


if __name__ == "__main__":
    written = yaml.dump(prometheus_rule(), Dumper=_Readable, sort_keys=False, allow_unicode=True, width=1000)
    atomic.write_text(TARGET, _HEAD + written, mode=0o644)

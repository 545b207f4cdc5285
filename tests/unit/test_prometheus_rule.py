"""The alerts and recordings that Kubernetes gets are those of monitoring/prometheus/rules."""

import yaml

from scripts.prometheus_rule import TARGET, prometheus_rule
from tests.unit.monitoring.alert_rules import RULES


def test_the_prometheus_rule_is_what_its_script_makes_of_the_rule_files() -> None:
    assert yaml.safe_load(TARGET.read_text(encoding="utf-8")) == prometheus_rule()


def test_every_group_of_every_rule_file_is_in_it_once_and_unchanged() -> None:
    groups = prometheus_rule()["spec"]["groups"]
    by_name = {group["name"]: group for group in groups}
    assert len(by_name) == len(groups)
    files = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in RULES]
    assert by_name == {group["name"]: group for file in files for group in file["groups"]}

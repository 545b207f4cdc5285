"""Alertmanager takes the configuration, and every alert comes to whom it concerns."""

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.stack.monitoring_servers import program
from tests.unit.monitoring.alert_rules import ALERTMANAGER, alerts

CONFIG = ALERTMANAGER / "config.yml"
BY_RECEIVER = {
    "on-call": (
        "ApiDown", "HighErrorRate", "AvailabilityFastBurn", "LatencyFastBurn", "StoreDown", "DatabaseDown",
        "DiskAlmostFull",
    ),
    "ml": (
        "ModelAccuracyDrift", "EstimatedAccuracyLow", "LowConfidence", "DriftConfirmed", "RetrainingNeeded",
        "ModelRefused", "FeedbackFlood", "TrainingFailed", "MonitoringStale", "DataPipelineMissed", "QuarantineSpike",
        "DecisionWaiting",
    ),
    "platform": (
        "HighLatency", "NoTraffic", "AvailabilitySlowBurn", "LatencySlowBurn", "FeedbackSpooling", "PredictionsDropped",
        "TargetDown", "ExporterSourceDown", "AirflowUnhealthy", "CertificateExpiring", "DiskFilling", "HostMemoryLow",
    ),
    "chat": ("DriftSuspected", "StaleModel"),
    "dead-man-switch": ("Watchdog",),
}  # fmt: skip


@pytest.fixture
def amtool(missing: Callable[[str], None]) -> Callable[..., str]:
    """Run it, and return what it says; what it refuses fails the test."""
    found = program("amtool")
    if found is None:
        missing("amtool")

    def run(*arguments: str) -> str:
        done = subprocess.run([str(found), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    return loaded


def test_alertmanager_takes_the_configuration_and_its_templates(amtool: Callable[..., str]) -> None:
    assert "1 templates" in amtool("check-config", str(CONFIG))


def test_the_table_of_receivers_names_every_alert_once(config: dict[str, Any]) -> None:
    assert sorted(name for names in BY_RECEIVER.values() for name in names) == sorted(alerts())
    assert BY_RECEIVER.keys() == {receiver["name"] for receiver in config["receivers"]}


@pytest.mark.parametrize("receiver", BY_RECEIVER)
def test_an_alert_comes_to_its_receiver(receiver: str, amtool: Callable[..., str]) -> None:
    for name in BY_RECEIVER[receiver]:
        assert receiver_of({"alertname": name} | alerts()[name].labels, amtool) == receiver, name


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"severity": "critical", "team": "ml"}, "on-call"),
        ({"severity": "info", "team": "platform"}, "chat"),
        ({"severity": "warning"}, "platform"),
        ({}, "platform"),
    ],
)
def test_alerts_of_other_rules_are_lost_on_nobody(
    labels: dict[str, str], receiver: str, amtool: Callable[..., str]
) -> None:
    assert receiver_of({"alertname": "Other"} | labels, amtool) == receiver


def receiver_of(labels: dict[str, str], amtool: Callable[..., str]) -> str:
    told = [f"{name}={value}" for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={CONFIG}", *told).strip()


def test_only_what_can_wait_is_muted_at_night_and_at_the_weekend(config: dict[str, Any]) -> None:
    muted = {route["receiver"] for route in config["route"]["routes"] if route.get("mute_time_intervals")}
    assert muted == {"ml", "platform", "chat"}
    assert "mute_time_intervals" not in config["route"]


def test_the_dead_man_switch_hears_more_often_than_others(config: dict[str, Any]) -> None:
    (watchdog,) = [route for route in config["route"]["routes"] if route["receiver"] == "dead-man-switch"]
    assert (watchdog["group_interval"], watchdog["repeat_interval"]) == ("30s", "1m")
    (receiver,) = [receiver for receiver in config["receivers"] if receiver["name"] == "dead-man-switch"]
    assert receiver["webhook_configs"][0]["send_resolved"] is False


def test_secrets_come_from_files_alone() -> None:
    keys = set(keys_in(yaml.safe_load(CONFIG.read_text(encoding="utf-8"))))
    assert keys >= {"smtp_auth_password_file", "slack_api_url_file", "credentials_file"}
    assert not keys & {"smtp_auth_password", "slack_api_url", "api_url", "auth_password", "credentials", "password"}


def keys_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [key for own, held in value.items() for key in (own, *keys_in(held))]
    if isinstance(value, list):
        return [key for held in value for key in keys_in(held)]
    return []

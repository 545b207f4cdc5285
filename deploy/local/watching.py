"""Prometheus and Alertmanager with the files of `monitoring/`, and the addresses of this stack in them."""

import json
from typing import Any

import yaml

from deploy.local.ports import HOST
from deploy.local.stack import ROOT, Stack
from newsdesk import atomic

_MONITORING = ROOT / "monitoring"


def write_monitoring(stack: Stack) -> None:
    """The configuration of both."""
    atomic.write_text(stack.home / "prometheus" / "prometheus.yml", yaml.safe_dump(_prometheus(stack)), mode=0o644)
    atomic.write_text(stack.home / "alertmanager" / "config.yml", yaml.safe_dump(_alertmanager()), mode=0o644)
    write_api_targets(stack)


def write_api_targets(stack: Stack) -> None:
    """Which servers of the API there are: Prometheus looks again by itself."""
    targets = [{"targets": [f"{HOST}:{port}" for port in stack.replicas]}]
    atomic.write_text(stack.home / "prometheus" / "api.json", json.dumps(targets), mode=0o644)


def _prometheus(stack: Stack) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((_MONITORING / "prometheus" / "prometheus.yml").read_text("utf-8"))
    config["rule_files"] = [str(_MONITORING / "prometheus" / "rules" / "*.yml")]
    config["alerting"] = {"alertmanagers": [_targets(stack.ports.alertmanager)]}
    ports = {
        "newsdesk-exporter": stack.ports.exporter,
        "node": stack.ports.node_exporter,
        "postgresql": stack.ports.postgres_exporter,
        "nginx": stack.ports.nginx_exporter,
        "mlflow": stack.ports.mlflow,
        "alertmanager": stack.ports.alertmanager,
        "prometheus": stack.ports.prometheus,
    }
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    for name, port in ports.items():
        jobs[name] |= _targets(port)
    jobs["newsdesk-api"] = {
        "job_name": "newsdesk-api",
        "file_sd_configs": [{"files": ["api.json"], "refresh_interval": "15s"}],
    }
    jobs.pop("tls", None)  # there are no certificates here
    config["scrape_configs"] = list(jobs.values())
    return config


def _targets(port: int) -> dict[str, Any]:
    return {"static_configs": [{"targets": [f"{HOST}:{port}"]}]}


def _alertmanager() -> dict[str, Any]:
    """The routes as they are. Alerts are seen on its page: there is nobody here whom it could call."""
    config: dict[str, Any] = yaml.safe_load((_MONITORING / "alertmanager" / "config.yml").read_text("utf-8"))
    config["global"] = {"resolve_timeout": config["global"]["resolve_timeout"]}
    config["templates"] = [str(_MONITORING / "alertmanager" / "templates" / "*.tmpl")]
    config["receivers"] = [{"name": receiver["name"]} for receiver in config["receivers"]]
    return config

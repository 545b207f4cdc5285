"""A real server breaks under real Prometheus and Alertmanager: the right alert comes to the right receiver, and ends.

The rules and routes are ours, but for time: minutes and hours there are seconds here. Each receiver is a path of one
webhook on this machine.
"""

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import pytest
import yaml

from newsdesk.model.bundle_files import WEIGHTS, save_bundle
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from tests.stack.monitoring_servers import Prometheus, alertmanager, node_exporter, prometheus, require
from tests.stack.running import Server, fitted, put_in_charge, serving
from tests.stack.webhook import Webhook, webhook
from tests.unit.monitoring.alert_rules import ALERTMANAGER, RULES
from tests.waiting import eventually

pytestmark = pytest.mark.stack

HEADLINE = "Striker scores twice as the champions win the cup final"
SHORTER = {"5m": "5s", "15m": "6s", "30m": "8s", "1h": "10s", "6h": "15s", "3d": "20s"}
LASTING = {"0m": "0s", "1m": "1s", "2m": "1s"}  # and all that is longer, three seconds
# How fast, full and large this machine is, is not asked here; and the models of tests have one date.
NOT_ASKED = {
    "HighLatency", "LatencyFastBurn", "LatencySlowBurn", "DiskFilling", "DiskAlmostFull", "HostMemoryLow", "StaleModel",
}  # fmt: skip


@dataclass(frozen=True)
class Watched:
    """A server that is asked all the time, and those that watch it."""

    server: Server
    home: Path
    prometheus: Prometheus
    webhook: Webhook

    def is_calm(self) -> bool:
        return self.prometheus.firing() - NOT_ASKED == {"Watchdog"}

    def told(self, alert: str, status: str, receiver: str) -> bool:
        return alert in self.webhook.alerts(status, f"/{receiver}")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory, missing: Callable[[str], None]) -> Iterator[Watched]:
    require(missing, "prometheus", "alertmanager", "node_exporter")
    folder = tmp_path_factory.mktemp("alerts")
    home = folder / "var"
    put_in_charge(home)
    # With a store that is named, the server does not stand in for an exporter: there is no registry to be told of.
    settings = {"MODEL_REFRESH_INTERVAL": "0.3", "NEWSDESK_DATABASE_URL": f"sqlite:///{home / 'newsdesk.db'}"}
    with (
        serving(folder, home, **settings) as server,
        asked(server),
        webhook() as receiver,
        alertmanager(routes_to(receiver.address), ALERTMANAGER) as manager,
        node_exporter() as node,
        prometheus(
            {"newsdesk-api": server.address, "node": node}, rules=quick_rules(folder), alertmanager=manager
        ) as watcher,
    ):
        watched = Watched(server, home, watcher, receiver)
        eventually(lambda: set(watcher.targets().values()) == {"up"}, "both targets are up")
        eventually(lambda: watched.told("Watchdog", "firing", "dead-man-switch"), "the dead-man switch hears")
        eventually(watched.is_calm, "nothing fires but the Watchdog")
        yield watched


def quick_rules(folder: Path) -> list[Path]:
    """Our rules, with seconds in the place of minutes and hours."""
    copies = []
    for rules in RULES:
        text = rules.read_text(encoding="utf-8")
        text = re.sub(r"for: (\w+)", lambda match: f"for: {LASTING.get(match[1], '3s')}", text)
        text = re.sub(r"\[(\w+)\]", lambda match: f"[{SHORTER[match[1]]}]", text)
        text = re.sub(r"offset (\w+)", lambda match: f"offset {SHORTER[match[1]]}", text)
        copies.append(folder / rules.name)
        copies[-1].write_text(text, encoding="utf-8")
    return copies


def routes_to(address: str) -> str:
    """Our routing, at any hour and without waiting, with a path of the webhook as each receiver."""
    config: dict[str, Any] = yaml.safe_load((ALERTMANAGER / "config.yml").read_text(encoding="utf-8"))
    config["global"] = {"resolve_timeout": "5m"}
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "1s"}
        route.pop("mute_time_intervals", None)
    names = [receiver["name"] for receiver in config["receivers"]]
    config["receivers"] = [{"name": name, "webhook_configs": [{"url": f"{address}/{name}"}]} for name in names]
    return yaml.safe_dump(config)


@contextmanager
def asked(server: Server) -> Iterator[None]:
    """Ask for predictions all the while."""
    enough = Event()

    def ask() -> None:
        with httpx.Client(base_url=server.address, timeout=2) as client:
            while not enough.wait(0.1):
                with suppress(httpx.TransportError):  # it is broken on purpose
                    client.post("/predict", json={"text": HEADLINE})

    asking = Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        enough.set()
        asking.join()


def test_a_server_that_hangs_is_told_to_those_on_call_and_so_is_its_return(watched: Watched) -> None:
    watched.server.process.send_signal(signal.SIGSTOP)
    try:
        eventually(lambda: watched.told("ApiDown", "firing", "on-call"), "those on call hear")
        eventually(lambda: "TargetDown" in watched.prometheus.firing(), "what is less fires, too")
    finally:
        watched.server.process.send_signal(signal.SIGCONT)
    alert = watched.webhook.alerts("firing", "/on-call")["ApiDown"]
    assert alert["labels"] == {
        "alertname": "ApiDown", "job": "newsdesk-api", "severity": "critical", "team": "platform", "family": "target",
    }  # fmt: skip
    assert alert["annotations"]["description"].startswith("0 servers of newsdesk-api have answered")
    assert alert["annotations"]["runbook_url"] == "/docs/alerts.md#apidown"
    eventually(lambda: watched.told("ApiDown", "resolved", "on-call"), "those on call hear that it is back")
    eventually(watched.is_calm, "nothing fires any more")
    assert not watched.told("TargetDown", "firing", "platform")  # left unsaid


def test_a_champion_that_was_tampered_with_is_told_to_the_ml_team_until_another_is_promoted(watched: Watched) -> None:
    bundle = fitted(0.5)[1]
    name = bundle_folder_name(bundle.digest)
    save_bundle(bundle, watched.home / "bundles" / name)
    (watched.home / "bundles" / name / WEIGHTS).write_bytes(b"nothing")
    write_champion_pointer(watched.home / "bundles", ChampionPointer(version="2", digest=bundle.digest, bundle=name))

    eventually(lambda: watched.told("ModelRefused", "firing", "ml"), "the ML team hears")
    alert = watched.webhook.alerts("firing", "/ml")["ModelRefused"]
    assert (alert["labels"]["result"], alert["labels"]["severity"]) == ("refused", "warning")
    assert alert["annotations"]["summary"] == "A model was refused: the one before it serves on"
    assert re.search(r"newsdesk-api met about 1[.\d]* times", alert["annotations"]["description"])
    assert watched.server.get("/model/info")["version"] == "1"

    put_in_charge(watched.home, "3", alpha=0.25)
    eventually(lambda: watched.server.get("/model/info")["version"] == "3", "the next one takes over")
    eventually(lambda: watched.told("ModelRefused", "resolved", "ml"), "the ML team hears that it is over")
    eventually(watched.is_calm, "nothing fires any more")

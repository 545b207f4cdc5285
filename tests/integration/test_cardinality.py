"""Whatever clients send, the number of series stays within what the catalogue and the routes allow."""

import http.client
import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus
from math import prod
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from newsdesk.monitoring.catalogue import CATALOGUE, SERVER, Metric
from newsdesk.serving.app import create_app
from newsdesk.serving.client_labels import COUNTRIES, MOST_CALLERS
from newsdesk.serving.observability_middleware import METHODS
from newsdesk.serving.security.key_file import add_key
from newsdesk.serving.security.keys import new_key
from newsdesk.serving.security.permissions import PERMISSIONS
from newsdesk.text.language import known_languages
from tests.builders import settings_in
from tests.integration.api.builders import HEADLINE, listening, predictor
from tests.serving import service_of

REQUESTS = 400
HEADER = "X-Country"
KEYS = [f"desk-{number}" for number in range(MOST_CALLERS + 20)]

# The values that a label may have in one server with one model.
VALUES = {
    "method": {*METHODS, "OTHER"},
    "endpoint": {path for _, path, _ in PERMISSIONS} | {"unmatched"},
    "status": {str(status.value) for status in HTTPStatus} | {"499"},
    "country": COUNTRIES | {"unknown"},
    "caller": {*KEYS, "anonymous", "other"},
    "language": known_languages(),
    "category": {*predictor().classes, "uncertain"},
    "model_version": {"1"},
}
_FEW = 16  # values of each other label: what became of something, the kind of something

Labels = dict[str, str]


class Attack:
    """Requests with something made up in every place; the same ones for the same seed."""

    def __init__(self, address: str, keys: list[str], seed: int) -> None:
        self._address, self._keys = address, keys
        self._random = random.Random(seed)

    def run(self, requests: int) -> None:
        for _ in range(requests):
            method, path, body = self._pick()
            content = b"" if body is None else json.dumps(body).encode()
            connection = http.client.HTTPConnection(self._address.removeprefix("http://"), timeout=30)
            connection.request(method, path, content, self._headers())
            connection.getresponse().read()
            connection.close()

    def _pick(self) -> tuple[str, str, Any]:
        name = self._word()
        text = self._random.choice([f"{HEADLINE} {name}", self._foreign()])
        tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [text]}
        return self._random.choice(
            [
                (name.upper(), f"/{name}", None),
                (self._random.choice(["PROPFIND", "LINK", "M-SEARCH", "PUT"]), "/predict", None),
                ("GET", f"/{name}/{name}?{name}={name}", None),
                ("GET", f"/static-offline-docs/{name}", None),
                ("POST", "/predict", {"text": text, "threshold": self._random.random()}),
                ("POST", "/predict", {"text": text, "model": str(self._random.randrange(10**6))}),
                ("POST", "/predict", {"text": text, name: name}),
                ("POST", "/explain", {"text": text, "category": name}),
                ("POST", "/feedback", {"text": text, "category": name, "editor": name}),
                ("GET", f"/v2/models/{name}/versions/{self._random.randrange(10**6)}", None),
                ("POST", f"/v2/models/{name}/versions/1/infer", {"inputs": [tensor]}),
                ("POST", "/v2/models/news-classifier/versions/1/infer", {"inputs": [tensor]}),
            ]
        )

    def _headers(self) -> dict[str, str]:
        credentials = self._random.choice([*self._keys, f"nd_{self._word()}", self._word()])
        country = self._random.choice([self._word(), *self._random.sample(sorted(COUNTRIES), 3), "xx", "<script>"])
        return {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {credentials}",
            HEADER: country,
            "X-Forwarded-For": f"198.51.100.{self._random.randrange(256)}",
            "User-Agent": self._word(),
        }

    def _foreign(self) -> str:
        block = self._random.randrange(0x80, 0x3100, 0x80)
        return "".join(chr(block + self._random.randrange(0x80)) for _ in range(40))

    def _word(self) -> str:
        return "".join(self._random.choices("abcdefghijklmnopqrstuvwxyz", k=self._random.randrange(2, 12)))


def test_what_clients_make_up_becomes_no_label(told: list[tuple[str, Labels]]) -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    for _, labels in told:
        for name, value in labels.items():
            seen[name].add(value)
    for name, allowed in VALUES.items():
        assert seen[name] <= allowed, name
    for name in seen.keys() - VALUES.keys() - {"le", "version", "digest", "model_type"}:
        assert len(seen[name]) <= _FEW, name
    assert len(seen["caller"]) <= MOST_CALLERS + 2


def test_it_is_seen_who_asked_from_where_in_which_language(told: list[tuple[str, Labels]]) -> None:
    """Else the test above would be empty."""
    for label, least in (("country", 20), ("caller", 50), ("language", 2), ("endpoint", 6), ("method", 3)):
        assert len({labels[label] for _, labels in told if label in labels}) >= least, label


def test_the_number_of_series_is_bounded_by_the_catalogue(told: list[tuple[str, Labels]]) -> None:
    series: dict[str, int] = defaultdict(int)
    for name, _ in told:
        series[name] += 1
    for metric in SERVER:
        assert series[metric.name] <= bound(metric), metric.name
    assert sum(series.values()) <= sum(map(bound, CATALOGUE))


def bound(metric: Metric) -> int:
    """The most series of one server. Every request has one country, one caller, one answer."""
    combinations = prod(len(VALUES.get(label, range(_FEW))) for label in metric.labels)
    return combinations * (len(metric.buckets) + 3 if metric.buckets else 1)  # +Inf, _sum and _count


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Labels]]:
    """Every series that a real server tells after the attack: its metric in the catalogue, and its labels."""
    return list(series_after_attack(tmp_path_factory.mktemp("home")))


def series_after_attack(home: Path) -> Iterator[tuple[str, Labels]]:
    environment = {"API_COUNTRY_HEADER": HEADER, "API_TRUSTED_PROXIES": "127.0.0.1", "API_AUTH": "true"}
    settings = settings_in(home, **environment)
    keys = []
    for name in KEYS:
        key, text = new_key(name, frozenset({"admin"}))
        add_key(settings.keys_file, key)
        keys.append(text)
    with listening(create_app(service_of(settings, predictor()))) as address:
        Attack(address, keys, seed=1).run(REQUESTS)
        headers = {"Authorization": f"Bearer {keys[0]}"}
        text = httpx.get(f"{address}/metrics", headers=headers, timeout=60).raise_for_status().text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = re.sub("_(bucket|sum|count)$", "", sample.name) if family.type == "histogram" else sample.name
            yield name, sample.labels

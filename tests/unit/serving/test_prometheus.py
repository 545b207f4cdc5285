"""/metrics of several processes: what they counted adds up, and the gauges of a dead one are gone."""

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from newsdesk.serving.worker_slots import ROOM, SHARED_FOLDER

TAKE_PLACE = """
from newsdesk.serving.worker_slots import shared_folder, take_slot
take_slot(shared_folder())
"""
COUNT = (
    TAKE_PLACE
    + """
from newsdesk.monitoring.api_metrics import ApiMetrics
metrics = ApiMetrics()
metrics.requests.labels("POST", "/predict", "200").inc(3)
metrics.duration.labels("POST", "/predict").observe(0.02)
metrics.in_progress.inc(2)
"""
)
EVERYTHING = (
    TAKE_PLACE
    + """
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.serving.observability_middleware import METHODS
from newsdesk.serving.client_labels import COUNTRIES, MOST_CALLERS
from newsdesk.serving.security.permissions import PERMISSIONS
from newsdesk.text.language import known_languages
metrics = ApiMetrics()
for endpoint in {path for _, path, _ in PERMISSIONS} | {"unmatched"}:
    metrics.request_size.labels(endpoint).observe(1)
    metrics.response_size.labels(endpoint).observe(1)
    for method in (*METHODS, "OTHER"):
        metrics.duration.labels(method, endpoint).observe(1)
        for status in (200, 201, 202, 400, 401, 403, 404, 405, 408, 409, 413, 429, 500, 503, 499):
            metrics.requests.labels(method, endpoint, status).inc()
for metric, values in (
    (metrics.countries, COUNTRIES),
    (metrics.languages, known_languages()),
    (metrics.callers, ["x" * 60 + str(number) for number in range(MOST_CALLERS)]),
):
    for value in values:
        metric.labels(value).inc()
for version in range(20):
    metrics.confidence.labels(version).observe(1)
    for category in range(50):
        metrics.predictions.labels("a category with a long name " + str(category), version).inc()
"""
)
ASK = (
    TAKE_PLACE
    + """
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.serving.prometheus import exposition
metrics = ApiMetrics()
metrics.requests.labels("POST", "/predict", "200").inc(4)
metrics.in_progress.inc(1)
print(exposition(metrics.registry)[0].decode())
"""
)


def run(script: str, folder: Path) -> str:
    environment = dict(os.environ) | {SHARED_FOLDER: str(folder)}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True).stdout


def test_counts_add_up_and_the_gauges_of_the_dead_are_gone(tmp_path: Path) -> None:
    run(COUNT, tmp_path)
    run(COUNT, tmp_path)
    assert list(tmp_path.glob("gauge_live*.db"))
    told = run(ASK, tmp_path)
    samples = {
        sample.name: sample.value for family in text_string_to_metric_families(told) for sample in family.samples
    }
    assert samples["api_requests_total"] == 3 + 3 + 4
    assert samples["api_request_duration_seconds_count"] == 2
    assert samples["api_requests_in_progress"] == 1


def test_the_room_that_is_taken_holds_every_series_that_clients_can_make(tmp_path: Path) -> None:
    run(EVERYTHING, tmp_path)
    sizes = {file.name.partition("_")[0]: file.stat().st_size for file in tmp_path.glob("*.db")}
    assert sizes.keys() == {"counter", "histogram", "gauge"}
    assert set(sizes.values()) == {ROOM}

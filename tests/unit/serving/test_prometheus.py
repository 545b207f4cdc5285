"""/metrics of several processes: what they counted adds up, and the gauges of a dead one are gone."""

import os
import subprocess
import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from newsdesk.serving.prometheus import SHARED_FOLDER

COUNT = """
from newsdesk.monitoring.catalogue import ApiMetrics
metrics = ApiMetrics()
metrics.requests.labels("POST", "/predict", "200").inc(3)
metrics.duration.labels("POST", "/predict").observe(0.02)
metrics.in_progress.inc(2)
"""
ASK = """
from newsdesk.monitoring.catalogue import ApiMetrics
from newsdesk.serving.prometheus import exposition
metrics = ApiMetrics()
metrics.requests.labels("POST", "/predict", "200").inc(4)
metrics.in_progress.inc(1)
print(exposition(metrics.registry)[0].decode())
"""


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

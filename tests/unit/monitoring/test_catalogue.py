"""The metrics that are exposed are those of the catalogue, with its types and labels."""

from pathlib import Path

import pytest
from prometheus_client import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from sklearn.naive_bayes import MultinomialNB

from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.api_metrics import ApiMetrics
from newsdesk.monitoring.catalogue import CATALOGUE, MODEL_WATCH, PIPELINE_WATCH, SERVER, Metric
from newsdesk.serving.prometheus import exposition
from tests.builders import fitted_bundle
from tests.integration.api.builders import Api, running

HEADLINE = "Striker scores twice as the champions win the cup final"


def families(text: str) -> dict[str, Family]:
    """What is exposed, by the name in the catalogue: that of a counter ends in _total."""
    found = text_string_to_metric_families(text)
    return {family.name + ("_total" if family.type == "counter" else ""): family for family in found}


def check_labels(metric: Metric, family: Family) -> None:
    """Every series has the labels of the catalogue and no other."""
    for sample in family.samples:
        extra = {"le"} if sample.name.endswith("_bucket") else set()
        assert set(sample.labels) == set(metric.labels) | extra


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Family]:
    """/metrics of a server that has seen some of everything, and has an exporter beside it."""
    predictor = Predictor(fitted_bundle(MultinomialNB(), per_category=10))
    home = tmp_path_factory.mktemp("home")
    with running(home, predictor, NEWSDESK_DATABASE_URL=f"sqlite:///{home}/newsdesk.db") as api:
        use(api)
        return families(api.get("/metrics").text)


def use(api: Api) -> None:
    api.predict(HEADLINE)
    api.predict(HEADLINE, threshold=1.0)
    api.post("/feedback", json={"text": HEADLINE, "category": "sports"})
    api.service.metrics.swaps.labels("swapped").inc()
    api.service.metrics.model_errors.labels("1").inc()
    api.service.metrics.shadow.labels("agrees").inc()
    api.service.metrics.log_records.labels("written").inc()


def test_metrics_of_a_server_are_those_of_the_catalogue_and_no_other(exposed: dict[str, Family]) -> None:
    assert set(exposed) == {metric.name for metric in SERVER}


@pytest.mark.parametrize("metric", SERVER, ids=lambda metric: metric.name)
def test_a_metric_has_its_type_its_help_and_its_labels(metric: Metric, exposed: dict[str, Family]) -> None:
    family = exposed[metric.name]
    assert (family.type, family.documentation) == (metric.kind, metric.help)
    assert family.samples
    check_labels(metric, family)


def test_a_server_that_is_alone_also_tells_what_an_exporter_would(tmp_path: Path) -> None:
    with running(tmp_path) as api:
        api.predict()
        text = api.get("/metrics").text
    exposed = families(text)
    assert text.count("# TYPE ") == len(exposed)
    assert set(exposed) <= {metric.name for metric in CATALOGUE}
    assert exposed.keys() & {metric.name for metric in (*MODEL_WATCH, *PIPELINE_WATCH) if metric not in SERVER}
    for metric in CATALOGUE:
        if metric.name in exposed:
            check_labels(metric, exposed[metric.name])


def test_names_follow_the_conventions_of_prometheus() -> None:
    """https://prometheus.io/docs/practices/naming/"""
    for metric in CATALOGUE:
        assert (metric.kind == "counter") is metric.name.endswith("_total")
        assert bool(metric.buckets) is (metric.kind == "histogram")
        assert metric.help.endswith(".")
        assert list(metric.buckets) == sorted(metric.buckets)
    assert len({metric.name for metric in CATALOGUE}) == len(CATALOGUE)


def test_each_server_counts_for_itself() -> None:
    one, other = ApiMetrics(), ApiMetrics()
    one.feedback.labels("created").inc()
    assert b'feedback_total{result="created"} 0.0' in exposition(other.registry)[0]

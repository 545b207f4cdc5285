"""The InferenceService in the documentation fits the API that it names."""

import json
import re
from http import HTTPStatus
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from newsdesk.config.settings import Settings
from newsdesk.model.bundle import Bundle
from newsdesk.model.predictor import Predictor
from tests.builders import settings_in
from tests.serving import app_of, call
from tests.stack.kubernetes.manifests import OF_LIBPQ, Object, named, workload

PAGE = (Path(__file__).parents[3] / "docs" / "kubernetes.md").read_text(encoding="utf-8")
# What KServe's predictor has beside the fields of a pod.
OF_KSERVE = {"minReplicas", "maxReplicas", "scaleMetric", "scaleTarget", "deploymentStrategy", "labels"}


def service() -> Object:
    blocks = re.findall(r"^```yaml\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    (found,) = [block for block in map(yaml.safe_load, blocks) if "kind" in block]
    return dict(found)


def pod() -> Object:
    return {key: value for key, value in service()["spec"]["predictor"].items() if key not in OF_KSERVE}


def test_the_service_is_called_as_the_model_is_and_its_request_is_answered(tmp_path: Path, first: Bundle) -> None:
    app = app_of(settings_in(tmp_path), Predictor(first))
    model = f"/v2/models/{service()['metadata']['name']}"
    told = call(app, "GET", model)
    assert told.status_code == HTTPStatus.OK
    request = next(json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
    (tensor,) = request["inputs"]
    (wanted,) = told.json()["inputs"]
    assert (tensor["name"], tensor["datatype"]) == (wanted["name"], wanted["datatype"])
    assert f"`{model}/infer`" in PAGE
    answer = call(app, "POST", f"{model}/infer", json=request)
    assert answer.status_code == HTTPStatus.OK
    assert answer.json()["model_name"] == service()["metadata"]["name"]


def test_the_probes_of_the_service_tell_whether_there_is_a_model(tmp_path: Path, first: Bundle) -> None:
    (container,) = pod()["containers"]
    ready, live = (container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("readiness", "liveness"))
    for predictor, status in ((None, HTTPStatus.SERVICE_UNAVAILABLE), (Predictor(first), HTTPStatus.OK)):
        app = app_of(settings_in(tmp_path), predictor)
        assert call(app, "GET", ready).status_code == status
        assert call(app, "GET", live).status_code == HTTPStatus.OK


def test_kubernetes_understands_every_word_of_its_pod() -> None:
    whole = {"apiVersion": "v1", "kind": "Pod", "metadata": service()["metadata"], "spec": pod()}
    for version in ("1.30", "1.37"):
        kubernetes_validate.validate(whole, version, strict=True)


@pytest.mark.stack
def test_its_pod_is_as_bounded_as_the_deployments_and_asks_for_the_same(production: tuple[Object, ...]) -> None:
    api = workload(production, "newsdesk-api")
    (container,), (deployed,) = pod()["containers"], api.pod["containers"]
    for word in ("image", "command", "ports", "resources", "securityContext"):
        assert container[word] == deployed[word]
    for word in ("serviceAccountName", "automountServiceAccountToken", "terminationGracePeriodSeconds"):
        assert pod()[word] == api.pod[word]
    assert service()["spec"]["predictor"]["labels"] == api.labels  # by which Service and NetworkPolicies know them
    assert (
        service()["spec"]["predictor"]["deploymentStrategy"]
        == named(production, "Deployment", "newsdesk-api")["spec"]["strategy"]
    )
    assert pod()["securityContext"].items() <= api.pod["securityContext"].items()
    assert {variable["name"] for variable in container["env"]} <= {
        field.alias for field in Settings.model_fields.values()
    } | OF_LIBPQ

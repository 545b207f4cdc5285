"""The manifests checked against the schemas of Kubernetes and of the Prometheus Operator."""

import copy
import json
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest

from tests.stack.kubernetes.manifests import KUBERNETES, Object, of_kind

pytestmark = pytest.mark.stack
OLDEST, NEWEST = "1.30", "1.37"
OF_THE_OPERATOR = ("ServiceMonitor", "PrometheusRule")
OPERATOR = "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1"


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_kubernetes_understands_every_word(objects: tuple[Object, ...], version: str) -> None:
    checked = 0
    for one in objects:
        if one["kind"] not in OF_THE_OPERATOR:
            kubernetes_validate.validate(one, version, strict=True)
            checked += 1
    assert checked >= 17


def test_a_word_that_kubernetes_does_not_know_is_found(production: tuple[Object, ...]) -> None:
    deployment = copy.deepcopy(of_kind(production, "Deployment")[0])
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="readynessProbe"):
        kubernetes_validate.validate(deployment, NEWEST, strict=True)


def test_the_newest_version_is_the_newest_that_can_be_checked() -> None:
    assert kubernetes_validate.latest_version().startswith(NEWEST)


def complaints(packages: Path, folder: Path, *custom: Object) -> str:
    """What the compiler says against the words, or the operator's schema against the values."""
    folder.mkdir()
    shutil.copy(packages / "tsconfig.json", folder)
    shutil.copy(packages / "package.json", folder)
    (folder / "node_modules").symlink_to(packages / "node_modules")
    lines = [
        *(f'import {{ {kind} }} from "{OPERATOR}/{kind}";' for kind in OF_THE_OPERATOR),
        *(f"new {one['kind']}({json.dumps(_named_by_class(one))}).validate();" for one in custom),
    ]
    (folder / "check.ts").write_text("\n".join(lines), encoding="utf-8")
    compiler = packages / "node_modules" / "typescript" / "bin" / "tsc"
    for command in (["node", str(compiler), "--project", "."], ["node", "check.js"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            return done.stdout + done.stderr
    return ""


def _named_by_class(one: Object) -> Object:
    return {key: value for key, value in one.items() if key not in ("apiVersion", "kind")}


def test_the_operator_understands_every_word(packages: Path, production: tuple[Object, ...], tmp_path: Path) -> None:
    custom = [one for kind in OF_THE_OPERATOR for one in of_kind(production, kind)]
    assert {(one["apiVersion"], one["kind"]) for one in custom} == {
        ("monitoring.coreos.com/v1", kind) for kind in OF_THE_OPERATOR
    }
    assert complaints(packages, tmp_path / "check", *custom) == ""


@pytest.mark.parametrize(
    ("word", "value", "complaint"),
    [("intervall", "15s", "intervall"), ("interval", "15 seconds", "must match pattern")],
)
def test_a_word_or_a_value_that_the_operator_does_not_know_is_found(
    packages: Path, production: tuple[Object, ...], tmp_path: Path, word: str, value: str, complaint: str
) -> None:
    monitor = copy.deepcopy(of_kind(production, "ServiceMonitor")[0])
    monitor["spec"]["endpoints"][0][word] = value
    assert complaint in complaints(packages, tmp_path / "check", monitor)


def test_the_lock_file_names_no_host() -> None:
    lock = json.loads((KUBERNETES / "validation" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    assert all("resolved" not in package and package["integrity"] for package in packages.values())

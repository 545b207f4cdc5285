"""What tests of the manifests ask for."""

import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stack.kubernetes.manifests import KUBERNETES, OVERLAYS, Object, kubectl_of, rendered
from tests.stack.npm import installed


@pytest.fixture(scope="session")
def packages(missing: Callable[[str], None]) -> Path:
    """The folder of npm's packages."""
    return installed(KUBERNETES / "validation", "kubernetes-validation", missing)


@pytest.fixture(scope="session")
def kubectl(packages: Path, missing: Callable[[str], None]) -> Path:
    """The real kubectl, whose kustomize is that of `kubectl apply -k`."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        missing("a kubectl for this kind of machine")
    return kubectl_of(packages)


@pytest.fixture(params=OVERLAYS)
def objects(request: pytest.FixtureRequest, kubectl: Path) -> tuple[Object, ...]:
    """Everything that an overlay brings, one overlay after the other."""
    return rendered(kubectl, request.param)


@pytest.fixture
def production(kubectl: Path) -> tuple[Object, ...]:
    """Everything that the overlay `prod` brings."""
    return rendered(kubectl, "prod")

"""Which model answers."""

from dataclasses import dataclass
from pathlib import Path

from newsdesk.errors import BundleError
from newsdesk.model.bundle import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.registry.pointer import read_champion


@dataclass(frozen=True)
class Served:
    """A predictor, and the version it is registered as."""

    predictor: Predictor
    version: str


def load_champion(bundles: Path) -> Served:
    """The model that the pointer names. Raises `BundleError` where nobody was promoted or its bundle is damaged."""
    champion = read_champion(bundles)
    if champion is None:
        raise BundleError(f"There is no champion to serve under {bundles}. Train one: newsdesk run.")
    bundle = load_bundle(bundles / champion.bundle)
    if bundle.digest != champion.digest:
        raise BundleError(
            f"{bundles / champion.bundle} is not the bundle of version {champion.version}. Remove that folder."
        )
    return Served(Predictor(bundle), champion.version)

"""Who is in charge, by the registry's word, and how its important terms changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from newsdesk.config.settings import Settings
from newsdesk.errors import BundleError, RegistryError
from newsdesk.model.bundle import Bundle, Manifest, load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring import catalogue
from newsdesk.monitoring.importance import Important, changed_shares, important_terms
from newsdesk.monitoring.samples import Sample
from newsdesk.registry.pointer import bundle_folder_name, read_champion
from newsdesk.registry.protocol import Registered
from newsdesk.registry.reader import fetch_bundle, open_reader
from newsdesk.registry.version import Alias

_CLASS_F1 = "f1/"  # how the manifest's metrics name that of a category, where they do


@dataclass(frozen=True)
class Model:
    """A registered version, and what is told of its bundle."""

    version: str
    manifest: Manifest
    important: Important

    @property
    def digest(self) -> str:
        return self.manifest.digest


class Models:
    """The champion and the one before. Each bundle is read once, for as long as it is one of the two."""

    def __init__(self, settings: Settings) -> None:
        """Raises `RegistryError` where MLFLOW_TRACKING_URI is no address."""
        self._bundles = settings.bundles
        self._reader = open_reader(settings)
        self._known: dict[str, Model] = {}
        self._champion: Model | None = None

    def champion(self) -> Model | None:
        """The champion that was read last, or whom this disk names: the registry is not asked."""
        if self._champion is None:
            try:
                if pointer := read_champion(self._bundles):
                    self._champion = _told(pointer.version, load_bundle(self._bundles / pointer.bundle))
            except (BundleError, RegistryError):
                return None  # reading the registry tells why
        return self._champion

    def read(self) -> list[Sample]:
        """Ask the registry and tell. Raises `BundleError`, `RegistryError`."""
        champion = self._model(self._holder("champion") or read_champion(self._bundles))
        previous = self._model(self._holder("previous"))
        self._champion = champion
        self._known = {model.digest: model for model in (champion, previous) if model}
        return list(_samples(champion, previous))

    def _holder(self, alias: Alias) -> Registered | None:
        return self._reader.holder(alias) if self._reader else None

    def _model(self, registered: Registered | None) -> Model | None:
        if registered is None:
            return None
        known = self._known.get(registered.digest)
        if known and known.version == registered.version:
            return known
        if self._reader:
            bundle, _ = fetch_bundle(self._reader, registered, self._bundles)
        else:
            bundle = load_bundle(self._bundles / bundle_folder_name(registered.digest))
        return _told(registered.version, bundle)


def _told(version: str, bundle: Bundle) -> Model:
    return Model(version, bundle.manifest, important_terms(Predictor(bundle)))


def _samples(champion: Model | None, previous: Model | None) -> Iterator[Sample]:
    if champion is None:
        return
    for name, value in champion.manifest.metrics.items():
        if name == "accuracy":
            yield Sample(catalogue.ACCURACY, ("test",), value)
        elif name.startswith(_CLASS_F1):
            yield Sample(catalogue.CLASS_F1, (name.removeprefix(_CLASS_F1), "test"), value)
    if previous:
        for category, share in changed_shares(champion.important, previous.important).items():
            yield Sample(catalogue.IMPORTANCE, (category,), share)

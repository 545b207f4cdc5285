"""Who is in charge, by the registry's word, and how its important terms changed."""

from collections.abc import Iterator
from dataclasses import dataclass

from newsdesk.config.settings import Settings
from newsdesk.errors import BundleError, RegistryError
from newsdesk.model.bundle import Bundle, BundleManifest
from newsdesk.model.bundle_files import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring import catalogue
from newsdesk.monitoring.metric_samples import MetricSample
from newsdesk.monitoring.term_importance import Important, changed_shares, important_terms
from newsdesk.registry.champion_pointer import bundle_folder_name, read_champion_pointer
from newsdesk.registry.interfaces import RegisteredVersion
from newsdesk.registry.reader import fetch_bundle, open_reader
from newsdesk.registry.version import Alias

_CLASS_F1 = "f1/"  # how the manifest's metrics name that of a category, where they do


@dataclass(frozen=True)
class ExportedModel:
    """A registered version, and what is told of its bundle."""

    version: str
    manifest: BundleManifest
    important: Important

    @property
    def digest(self) -> str:
        return self.manifest.digest


class RegistrySource:
    """The champion and the one before. Each bundle is read once, for as long as it is one of the two."""

    def __init__(self, settings: Settings) -> None:
        """Raises `RegistryError` where MLFLOW_TRACKING_URI is no address."""
        self._bundles = settings.bundles
        self._reader = open_reader(settings)
        self._cached: dict[str, ExportedModel] = {}
        self._champion: ExportedModel | None = None

    def champion(self) -> ExportedModel | None:
        """The champion that was read last, or whom this disk names: the registry is not asked."""
        if self._champion is None:
            try:
                if pointer := read_champion_pointer(self._bundles):
                    self._champion = _export_model(pointer.version, load_bundle(self._bundles / pointer.bundle))
            except (BundleError, RegistryError):
                return None  # reading the registry tells why
        return self._champion

    def read(self) -> list[MetricSample]:
        """Ask the registry and tell. Raises `BundleError`, `RegistryError`."""
        champion = self._load_model(self._holder("champion") or read_champion_pointer(self._bundles))
        previous = self._load_model(self._holder("previous"))
        self._champion = champion
        self._cached = {model.digest: model for model in (champion, previous) if model}
        return list(_samples(champion, previous))

    def _holder(self, alias: Alias) -> RegisteredVersion | None:
        return self._reader.holder(alias) if self._reader else None

    def _load_model(self, registered: RegisteredVersion | None) -> ExportedModel | None:
        if registered is None:
            return None
        cached = self._cached.get(registered.digest)
        if cached and cached.version == registered.version:
            return cached
        if self._reader:
            bundle, _ = fetch_bundle(self._reader, registered, self._bundles)
        else:
            bundle = load_bundle(self._bundles / bundle_folder_name(registered.digest))
        return _export_model(registered.version, bundle)


def _export_model(version: str, bundle: Bundle) -> ExportedModel:
    return ExportedModel(version, bundle.manifest, important_terms(Predictor(bundle)))


def _samples(champion: ExportedModel | None, previous: ExportedModel | None) -> Iterator[MetricSample]:
    if champion is None:
        return
    for name, value in champion.manifest.metrics.items():
        if name == "accuracy":
            yield MetricSample(catalogue.ACCURACY, ("test",), value)
        elif name.startswith(_CLASS_F1):
            yield MetricSample(catalogue.CLASS_F1, (name.removeprefix(_CLASS_F1), "test"), value)
    if previous:
        for category, share in changed_shares(champion.important, previous.important).items():
            yield MetricSample(catalogue.IMPORTANCE, (category,), share)

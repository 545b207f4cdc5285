"""Check that the registry answers, and that it agrees about the champion."""

import time
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from newsdesk.config.settings import Settings
from newsdesk.errors import NewsdeskError, RegistryError
from newsdesk.model.bundle_files import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.operations.doctor.finding import Finding, fine, from_error, problem, warning
from newsdesk.registry.champion_pointer import ChampionPointer, read_champion_pointer
from newsdesk.registry.mlflow_api import MlflowApi
from newsdesk.registry.reader import open_reader
from newsdesk.registry.version import Version

_SLOW = 100.0  # milliseconds for one text


def check_registry(settings: Settings) -> Iterator[Finding]:
    """MLflow answers, in the version that we were made for, and names a champion."""
    try:
        reader = open_reader(settings)
        if reader is None:
            yield fine("registry", "MLflow lives in a database that only MLflow reads: servers follow champion.json.")
            return
        versions = reader.versions()
        yield fine("registry", f"The registry answers. Versions of the model: {len(versions)}.")
        yield from _server_version(settings)
        yield from _registered_champion(settings, versions)
    except RegistryError as error:
        yield from_error("registry", error)


def check_champion(bundles: Path) -> Iterator[Finding]:
    """What `champion.json` names is whole, is what its digest says, and answers its golden examples."""
    try:
        pointer = read_champion_pointer(bundles)
        if pointer is None:
            yield warning("champion", "No model is in charge here.", "Train one: newsdesk run.")
            return
        bundle = load_bundle(bundles / pointer.bundle)
        if bundle.digest != pointer.digest:
            yield problem(
                "champion",
                f"The bundle {pointer.bundle} is not the one that champion.json names.",
                f"Put it in charge again: newsdesk models promote {pointer.version}.",
            )
            return
        predictor = Predictor(bundle)
    except NewsdeskError as error:
        yield from_error("champion", error)
        return
    yield fine("champion", f"Version {pointer.version} is whole and answers its golden examples as it was trained to.")
    yield from _speed(predictor)


def _speed(predictor: Predictor) -> Iterator[Finding]:
    texts = [example.text for example in predictor.bundle.manifest.golden]
    if not texts:
        return
    started = time.perf_counter()
    for text in texts:
        predictor.predict(text)
    milliseconds = (time.perf_counter() - started) * 1000 / len(texts)
    if milliseconds > _SLOW:
        yield warning(
            "performance",
            f"One text takes {milliseconds:.0f} ms on this machine.",
            "See what else it does (top), and give the server a processor of its own.",
        )
    else:
        yield fine("performance", f"One text takes {milliseconds_in_words(milliseconds)} ms of computing.")


def milliseconds_in_words(value: float) -> str:
    """A time as people read it, and never as none at all."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{max(value, 0.01):.2f}"


def _server_version(settings: Settings) -> Iterator[Finding]:
    if not settings.tracking_uri.lower().startswith(("http://", "https://")):
        return
    try:
        theirs, ours = MlflowApi(settings).file("/version", {}, 1000).decode(), version("mlflow")
    except (RegistryError, PackageNotFoundError, UnicodeDecodeError):
        return
    if theirs != ours:
        fix = f"Run MLflow {ours} there, so that both sides speak alike."
        yield warning("registry", f"The MLflow server is {theirs[:20]}, and ours is {ours}.", fix)


def _registered_champion(settings: Settings, versions: Sequence[Version]) -> Iterator[Finding]:
    """Whether the registry still has what champion.json names, which servers go on answering with."""
    pointer = read_champion_pointer(settings.bundles)
    champion = next((candidate for candidate in versions if "champion" in candidate.aliases), None)
    is_elsewhere = settings.mlflow_tracking_uri is None and not settings.embedded_mlflow.is_file()
    if pointer is None or is_elsewhere:  # a server's bundles may be brought to it by other means
        return
    if champion is None:
        yield _without_champion(pointer, versions)
    elif champion.digest != pointer.digest:
        yield warning(
            "champion",
            "The registry has another champion than champion.json.",
            "A server follows the registry; `newsdesk models promote VERSION` makes both say the same.",
        )


def _without_champion(pointer: ChampionPointer, versions: Sequence[Version]) -> Finding:
    """Servers answer from their disks, as long as these last: nothing can be fetched, compared or rolled back to."""
    matching = next((candidate.version for candidate in versions if candidate.digest == pointer.digest), None)
    if matching is not None:
        sentence = f"The registry names no champion; version {matching}, which serves, is still registered."
        return problem("champion", sentence, f"newsdesk models promote {matching}.")
    cause = "it has no version at all" if not versions else "the version was deleted"
    sentence = (
        f"Version {pointer.version} serves from this disk alone: the registry does not have it any more, {cause}."
    )
    return problem(
        "champion",
        sentence,
        "Restore MLflow's database and artifacts from a backup (newsdesk restore), or train and register anew: "
        "newsdesk run.",
    )

"""Remove what is no longer needed."""

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from newsdesk.config.config_files import load_pipeline_config
from newsdesk.config.pipeline_config import Maintenance, PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.errors import BundleError, RegistryError
from newsdesk.operations.maintenance_lock import only_maintenance
from newsdesk.pipeline.known_texts import digests_of_dataset
from newsdesk.pipeline.lock import only_promoter, only_writer
from newsdesk.pipeline.plan.plan import MANIFEST, Plan
from newsdesk.pipeline.progress import Progress
from newsdesk.registry.champion import find_champion
from newsdesk.registry.champion_pointer import bundle_folder_name, read_champion_pointer
from newsdesk.registry.reader import open_reader, open_registry
from newsdesk.store.database import open_store
from newsdesk.store.feedback_texts import old_text_digests, remove_old_texts
from newsdesk.store.ledger import entries
from newsdesk.store.retention import (
    count_old_predictions,
    count_old_windows,
    remove_old_predictions,
    remove_old_windows,
)


@dataclass(frozen=True)
class PruneResult:
    """What was removed, or with `dry_run` would be: rows of the store, texts of feedback, and folders by their names.

    `feedback_texts_not_learnt` of the `feedback_texts` are not among the articles that the champion was trained from:
    the next retraining would have learnt from them.
    """

    dry_run: bool
    predictions: int
    windows: int
    feedback_texts: int
    feedback_texts_not_learnt: int
    datasets: tuple[str, ...]
    plans: tuple[str, ...]
    bundles: tuple[str, ...]
    freed_bytes: int


@dataclass(frozen=True)
class ReferencedItems:
    """The bundles and datasets that registered versions, the ledger and the pointer name."""

    bundles: frozenset[str]
    datasets: frozenset[str]


def prune(settings: Settings, dry_run: bool, progress: Progress) -> PruneResult:
    """Remove what is older than `maintenance:` of pipeline_config.yaml says, and nothing that is still named.

    Raises `RegistryError` where the registry does not answer: then nobody knows what is needed, and nothing goes.
    """
    config, now = load_pipeline_config(settings.config_dir), datetime.now(UTC)
    with only_maintenance(settings.home), only_writer(settings.home), only_promoter(settings.home, 0):
        progress.step("Asking the registry what is needed")
        store = open_store(settings.database)
        try:
            references = _find_references(settings, store)
            progress.step("Looking for what is too old")
            old = _old_folders(settings, config.maintenance, references, now)
            progress.step("Removing" if not dry_run else "Counting")
            texts, not_learnt = _prune_texts(settings, store, config.maintenance, now, dry_run)
            predictions, windows = _prune_store(store, config, now, dry_run)
        finally:
            store.dispose()
        freed = sum(_size(folder) for folders in old.values() for folder in folders)
        if not dry_run:
            for folders in old.values():
                for folder in folders:
                    _remove(folder)
    names = {kind: tuple(folder.name for folder in folders) for kind, folders in old.items()}
    counts = (predictions, windows, texts, not_learnt)
    return PruneResult(dry_run, *counts, names["datasets"], names["plans"], names["bundles"], freed)


def _find_references(settings: Settings, store: Engine) -> ReferencedItems:
    versions = (open_reader(settings) or open_registry(settings)).versions()
    history = entries(store)
    pointer = read_champion_pointer(settings.bundles)
    bundles = {pointer.bundle} if pointer else set()
    for digest in {version.digest for version in versions} | {entry.digest for entry in history if entry.digest}:
        try:
            bundles.add(bundle_folder_name(digest))
        except RegistryError:  # a tag that somebody set by hand names no bundle of ours
            continue
    datasets = {version.dataset_version for version in versions}
    datasets |= {str(name) for entry in history for key, name in entry.evidence.items() if key == "dataset_version"}
    return ReferencedItems(frozenset(bundles), frozenset(datasets))


def _old_folders(
    settings: Settings, limits: Maintenance, references: ReferencedItems, now: datetime
) -> dict[str, list[Path]]:
    plans = _find_old(settings.plans, now, limits.plan_days, (), keep_newest=True)
    datasets = references.datasets | {
        _read_dataset_version(plan) for plan in _list_folders(settings.plans) if plan not in plans
    }
    return {
        "datasets": _find_old(settings.datasets, now, limits.dataset_days, datasets, keep_newest=True),
        "plans": plans,
        "bundles": _find_old(settings.bundles, now, limits.bundle_days, references.bundles, keep_newest=False),
    }


def _find_old(parent: Path, now: datetime, days: int, referenced: Collection[str], *, keep_newest: bool) -> list[Path]:
    """Folders that nothing refers to and that have not changed for `days`."""
    by_age = sorted(_list_folders(parent), key=lambda folder: folder.stat().st_mtime)
    candidates = by_age[:-1] if keep_newest else by_age
    limit = (now - timedelta(days=days)).timestamp()
    return [folder for folder in candidates if folder.name not in referenced and folder.stat().st_mtime < limit]


def _read_dataset_version(plan: Path) -> str:
    try:
        return Plan.model_validate_json((plan / "plan" / MANIFEST).read_bytes()).dataset
    except (OSError, ValueError):  # half a plan, or one of another version of Newsdesk, trains nobody
        return ""


def _list_folders(parent: Path) -> Iterator[Path]:
    if parent.is_dir():
        yield from (path for path in parent.iterdir() if path.is_dir() and not path.name.startswith("."))


def _prune_store(store: Engine, config: PipelineConfig, now: datetime, dry_run: bool) -> tuple[int, int]:
    limits, monitoring = config.maintenance, config.monitoring
    monitored = timedelta(seconds=monitoring.window * (monitoring.look_back + 1))
    predictions = now - max(timedelta(days=limits.prediction_days), monitored)
    windows = now - max(timedelta(days=limits.window_days), monitored)
    if dry_run:
        return count_old_predictions(store, predictions), count_old_windows(store, windows)
    return remove_old_predictions(store, predictions), remove_old_windows(store, windows)


def _prune_texts(
    settings: Settings, store: Engine, limits: Maintenance, now: datetime, dry_run: bool
) -> tuple[int, int]:
    """How many texts of feedback are old, and how many of them the champion has not learnt from."""
    before = now - timedelta(days=limits.feedback_text_days)
    old = old_text_digests(store, before)
    if not old:
        return 0, 0
    try:
        learnt = digests_of_dataset(settings, find_champion(settings))
    except BundleError:  # nobody is in charge, or cannot be read: nobody has learnt
        learnt = set()
    if not dry_run:
        remove_old_texts(store, before)
    return len(old), len(old - learnt)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _remove(folder: Path) -> None:
    """Hide a folder in one step, then delete it."""
    hidden = folder.with_name(f".{folder.name}-pruned")
    shutil.rmtree(hidden, ignore_errors=True)
    folder.rename(hidden)
    shutil.rmtree(hidden, ignore_errors=True)

"""The sample corpus is for a first look: its model never takes the place of one that learnt from own articles, and
gives way to it whatever its categories are called."""

from newsdesk.articles.dataset import MANIFEST, read_dataset
from newsdesk.config.settings import Settings
from newsdesk.errors import DataError, UsageError
from newsdesk.pipeline.table_check import ArticleSource
from newsdesk.registry.champion import Champion, NoChampionError, find_champion
from newsdesk.store.database import open_store
from newsdesk.store.ledger import entries

_SAMPLE = str(ArticleSource())


def champion_in_charge(settings: Settings) -> Champion | None:
    """The champion, if there is one. Raises `NewsdeskError`."""
    try:
        return find_champion(settings)
    except NoChampionError:
        return None


def refuse_sample_beside_own(settings: Settings) -> None:
    """Raises `UsageError` where the champion learnt from other articles than the sample corpus, or may have."""
    champion = champion_in_charge(settings)
    if champion is None or _learnt_from_sample(champion, settings):
        return
    raise UsageError(
        f"Version {champion.version}, a model of your own articles, is in charge, and the sample corpus never replaces "
        "that. Serve it: newsdesk serve. To try the sample, give it a home of its own: NEWSDESK_HOME=var/sample "
        "newsdesk run --sample; or train on it beside the champion: newsdesk run --sample --no-promote."
    )


def replaces_sample(source: str, champion: Champion, settings: Settings) -> bool:
    """Whether a model of own articles, which came from `source`, stands beside a champion of the sample corpus."""
    return source != _SAMPLE and _learnt_from_sample(champion, settings)


def _learnt_from_sample(champion: Champion, settings: Settings) -> bool:
    """By the ledger, else by the dataset itself. False where neither can tell."""
    manifest = champion.bundle.manifest
    store = open_store(settings.database)
    try:
        sources = {entry.evidence.get("source") for entry in entries(store) if entry.digest == manifest.digest}
    finally:
        store.dispose()
    if any(sources):
        return _SAMPLE in sources
    folder = settings.datasets / manifest.dataset_version
    if not (folder / MANIFEST).exists():
        return False
    try:
        return read_dataset(folder).manifest.source == _SAMPLE
    except DataError:
        return False

"""The batches that were ingested, on any machine."""

from newsdesk.articles.ingested_batches import MANIFEST, IngestedBatches, in_order, read_batch
from newsdesk.config.settings import Settings
from newsdesk.pipeline.storage import Storage


def read_ingested_batches(settings: Settings) -> IngestedBatches:
    """All batches, the oldest first. Raises `DataError`, `StorageError`."""
    storage = Storage(settings)
    folders = [settings.articles / name for name in sorted(storage.names(settings.articles))]
    batches = [read_batch(folder) for folder in folders if storage.fetch(folder, MANIFEST, may_change=True)]
    return IngestedBatches(settings.articles, in_order(batches))

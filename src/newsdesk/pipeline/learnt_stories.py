"""Which stories a model has learnt from."""

from collections.abc import Set

from newsdesk.articles.dataset import read_stories
from newsdesk.config.settings import Settings
from newsdesk.pipeline.storage import find_dataset_if_reachable


def count_learnt_stories(settings: Settings, dataset_version: str, stories: Set[str]) -> int | None:
    """How many of the stories are in the train or validation set of a dataset; None where that is gone, or the storage
    away."""
    dataset = find_dataset_if_reachable(settings, dataset_version)
    if dataset is None:
        return None
    return len(stories & {*read_stories(dataset, "train"), *read_stories(dataset, "validation")})

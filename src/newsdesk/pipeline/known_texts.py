"""The texts available for learning: the articles that the champion was trained on, and what the store keeps."""

from collections.abc import Iterable

from sqlalchemy import Engine

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.dataset import read_titles_and_texts
from newsdesk.articles.splits import SPLITS
from newsdesk.config.settings import Settings
from newsdesk.monitoring.labels import Labels
from newsdesk.pipeline.storage import find_dataset
from newsdesk.registry.champion import Champion
from newsdesk.store.feedback_texts import known_text_digests
from newsdesk.store.records import text_digest
from newsdesk.text.cleaning import join_title_and_text


def digests_of(title: str, text: str) -> set[str]:
    """The digests under which the prediction log may know an article: of its text, or of title and text together."""
    return {text_digest(text), text_digest(join_title_and_text(title, text))}


def digests_of_articles(articles: Iterable[LabelledArticle]) -> set[str]:
    """The same for several."""
    return {digest for article in articles for digest in digests_of(article.title, article.text)}


def digests_of_dataset(settings: Settings, champion: Champion) -> set[str]:
    """The same for all that the champion was trained from and measured on; empty where that is gone. Raises
    `StorageError`."""
    dataset = find_dataset(settings, champion.bundle.manifest.dataset_version)
    if dataset is None:
        return set()
    pairs = (pair for split in SPLITS for pair in read_titles_and_texts(dataset, split))
    return {digest for title, text in pairs for digest in digests_of(title, text)}


def mark_unteachable(labels: Labels, store: Engine, settings: Settings, champion: Champion) -> Labels:
    """Tell labels that can only measure, for there is no text to learn, from those that can train. The dataset is read
    only where a text is not kept."""
    missing = labels.categories.keys() - known_text_digests(store)
    return labels.without_texts(missing - digests_of_dataset(settings, champion) if missing else missing)

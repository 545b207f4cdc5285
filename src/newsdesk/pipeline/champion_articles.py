"""The articles that the champion learnt from and was measured on, under today's category rules."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.category_rules import CategoryRules
from newsdesk.articles.dataset import MANIFEST, read_articles, read_dataset, read_guard
from newsdesk.articles.splits import SPLITS
from newsdesk.articles.story import story_key
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.config.settings import Settings
from newsdesk.errors import DataError
from newsdesk.pipeline.batches import read_ingested_batches
from newsdesk.pipeline.corrections import FEEDBACK
from newsdesk.pipeline.storage import Storage
from newsdesk.registry.champion import Champion


@dataclass(frozen=True)
class ChampionArticles:
    """What the champion's dataset holds; the keys of stories that it learnt from; the articles that it was measured on,
    by story, as nobody outside could label them; and `pipeline`, with the splits of that dataset, so that every story
    stays in its own. `renamed` have another category by configuration than the champion learnt, `removed` are gone."""

    articles: list[LabelledArticle]
    learnt: frozenset[str]
    guard: Mapping[str, LabelledArticle]
    pipeline: PipelineConfig
    renamed: int = 0
    removed: int = 0


def read_champion_articles(
    settings: Settings, champion: Champion, pipeline: PipelineConfig, rules: CategoryRules, *, may_be_gone: bool
) -> ChampionArticles:
    """Read them under today's category rules, without retracted articles. Raises `StorageError`, and `DataError` where
    they are gone, unless `may_be_gone`."""
    folder = settings.datasets / champion.bundle.manifest.dataset_version
    if not Storage(settings).fetch(folder, MANIFEST):
        if may_be_gone:
            return ChampionArticles([], frozenset(), {}, pipeline)
        raise DataError(
            f"{folder}, from which champion version {champion.version} learnt, is gone. Give the articles again: "
            "newsdesk retrain --data FILE."
        )
    dataset = read_dataset(folder)
    retracted = read_ingested_batches(settings).retracted_stories()
    by_split = {name: _map_categories(read_articles(dataset, name), rules, retracted) for name in SPLITS}
    all_articles = [item for name in SPLITS for item in by_split[name]]
    manifest, guard = dataset.manifest, read_guard(dataset)
    if guard is None:  # earlier versions put feedback into the test set, too
        guard = [item.article for item in by_split["test"] if not item.article.id.startswith(FEEDBACK)]
    split_settings = {name: getattr(manifest, name) for name in ("validation_split", "test_split", "random_seed")}
    training = pipeline.training_pipeline.model_copy(update=split_settings)
    return ChampionArticles(
        _remaining(all_articles),
        frozenset(story_key(article) for article in _remaining(by_split["train"] + by_split["validation"])),
        {story_key(article): article for article in _remaining(_map_categories(guard, rules, retracted))},
        pipeline.model_copy(update={"training_pipeline": training}),
        renamed=sum(item.category not in (None, item.article.category) for item in all_articles),
        removed=sum(item.category is None for item in all_articles),
    )


class _CurrentArticle(NamedTuple):
    """An article of an older dataset, and its category under today's configuration; None where that is excluded, or the
    article went with a retracted table."""

    article: LabelledArticle
    category: str | None


def _map_categories(
    articles: Iterable[LabelledArticle], rules: CategoryRules, retracted: Collection[str]
) -> list[_CurrentArticle]:
    return [
        _CurrentArticle(article, None if retracted and story_key(article) in retracted else rules.of(article.category))
        for article in articles
    ]


def _remaining(articles: Iterable[_CurrentArticle]) -> list[LabelledArticle]:
    return [
        article if category == article.category else article.model_copy(update={"category": category})
        for article, category in articles
        if category is not None
    ]

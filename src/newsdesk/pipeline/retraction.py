"""Take an ingested table back: the next dataset is made without what it alone brought."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.ingested_batches import MANIFEST, Batch, IngestedBatches, Retraction
from newsdesk.config.settings import Settings
from newsdesk.errors import NewsdeskError, UsageError
from newsdesk.pipeline.batches import read_ingested_batches
from newsdesk.pipeline.learnt_stories import count_learnt_stories
from newsdesk.pipeline.lock import PATIENCE, only_writer
from newsdesk.pipeline.storage import Storage
from newsdesk.registry.champion import find_champion

_SHORTEST = 4  # characters of the beginning of a digest


@dataclass(frozen=True)
class RetractionResult:
    """What became of a table. `removed` counts the articles that leave, `kept` those that another table has, too;
    `unsure` are tables that may have some, of which an earlier version did not write down which. Of those that leave,
    the champion, of version `champion`, has `learnt` from so many."""

    batch: Batch
    removed: int
    kept: int
    unsure: tuple[str, ...]
    was_retracted: bool = False
    champion: str | None = None
    learnt: int = 0


def retract(name: str, reason: str, actor: str, settings: Settings, *, is_confirmed: bool) -> RetractionResult:
    """Retract the table of that name or digest. Killed anywhere, it can be done again; done twice, it is done once.

    Datasets that there are already stay as they are. Raises `UsageError` where no table is meant, or several, or one
    that brought nothing. Raises it as well, with what the retraction would do, where `is_confirmed` is false.
    """
    with only_writer(settings.home, PATIENCE):
        batches = read_ingested_batches(settings)
        batch = _find_batch(name, batches.batches)
        articles = IngestedBatches(batches.home, [batch]).articles()
        if batch.status == "retracted":
            _share(settings, batch)
            _drop_orphans(settings, batches)
            return RetractionResult(batch, batch.new - len(articles), len(articles), (), was_retracted=True)
        kept = _kept_by_others(articles, batch, batches)
        result = RetractionResult(batch, len(articles) - len(kept), len(kept), tuple(_unsure(batch, batches)))
        if not is_confirmed:
            raise UsageError(
                f"{batch.source} (batch {batch.digest}) brought {result.removed:,} articles that no other table has: "
                "the next dataset would be without them. Models and their datasets stay as they are. Add --yes to "
                "retract it."
            )
        retraction = Retraction(at=datetime.now(UTC), actor=actor, reason=reason)
        retracted = batch.model_copy(update={"status": "retracted", "retractions": (*batch.retractions, retraction)})
        batches.write_retracted(retracted, kept)
        _share(settings, retracted)
        _drop_orphans(settings, read_ingested_batches(settings))
    champion, learnt = _learnt_by_champion(settings, articles.keys() - kept.keys())
    return replace(result, batch=retracted, champion=champion, learnt=learnt)


def _learnt_by_champion(settings: Settings, stories: Set[str]) -> tuple[str | None, int]:
    try:
        champion = find_champion(settings)
    except NewsdeskError:  # nobody is in charge, or nobody can be asked who
        return None, 0
    return champion.version, count_learnt_stories(settings, champion.bundle.manifest.dataset_version, stories) or 0


def _find_batch(name: str, batches: Sequence[Batch]) -> Batch:
    matches = [batch for batch in batches if name in (batch.digest, batch.source, batch.source.rpartition("/")[2])]
    if not matches and len(name) >= _SHORTEST:
        matches = [batch for batch in batches if batch.digest.startswith(name)]
    if not matches:
        raise UsageError(f"No table was ingested as '{name}'. See which were: newsdesk data list.")
    usable = [batch for batch in matches if batch.status != "refused"]
    if not usable:
        raise UsageError(
            f"{matches[-1].source} was refused: nothing of it is in any dataset. There is nothing to retract."
        )
    ingested = [batch for batch in usable if batch.status == "ingested"]
    if len(ingested) > 1:
        listed = ", ".join(f"{batch.digest} of {batch.at:%Y-%m-%d %H:%M}" for batch in ingested)
        raise UsageError(
            f"'{name}' was ingested {len(ingested)} times with other content. Name one by its batch: {listed}."
        )
    return (ingested or usable)[-1]


def _kept_by_others(
    articles: Mapping[str, LabelledArticle], batch: Batch, batches: IngestedBatches
) -> dict[str, LabelledArticle]:
    """The articles that a later table repeats under the same category."""
    categories = {key: article.category for key, article in articles.items()}.items()
    repeated: set[tuple[str, str]] = set()
    for other in _later_batches(batch, batches):
        repeated |= (batches.known_in(other) or {}).items() & categories
    return {key: article for key, article in articles.items() if (key, article.category) in repeated}


def _later_batches(batch: Batch, batches: IngestedBatches) -> Iterator[Batch]:
    for other in batches.batches:
        if other.status == "ingested" and other.at > batch.at:
            yield other


def _unsure(batch: Batch, batches: IngestedBatches) -> Iterator[str]:
    for other in _later_batches(batch, batches):
        if other.known and batches.known_in(other) is None:
            yield other.source


def _drop_orphans(settings: Settings, batches: IngestedBatches) -> None:
    """Drop articles of retracted tables that were kept only because of a table that is now retracted as well."""
    for batch in batches.batches:
        if batch.status == "retracted":
            articles = IngestedBatches(batches.home, [batch]).articles()
            kept = _kept_by_others(articles, batch, batches)
            if len(kept) < len(articles):
                batches.write_retracted(batch, kept)
                _share(settings, batch)


def _share(settings: Settings, batch: Batch) -> None:
    Storage(settings).share(settings.articles / batch.digest, MANIFEST)

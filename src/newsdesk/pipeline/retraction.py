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


def retract(name: str, reason: str, actor: str, settings: Settings, *, is_meant: bool) -> RetractionResult:
    """Retract the table of that name or digest. Killed anywhere, it can be done again; done twice, it is done once.

    Datasets that there are already stay as they are. Raises `UsageError` where no table is meant, or several, or one
    that brought nothing, and, with what it would come to, where `is_meant` is false.
    """
    with only_writer(settings.home, PATIENCE):
        intake = read_ingested_batches(settings)
        batch = _meant(name, intake.batches)
        brought = IngestedBatches(intake.home, [batch]).articles()
        if batch.status == "retracted":
            _share(settings, batch)
            _drop_what_nobody_says(settings, intake)
            return RetractionResult(batch, batch.new - len(brought), len(brought), (), was_retracted=True)
        kept = _said_by_others(brought, batch, intake)
        result = RetractionResult(batch, len(brought) - len(kept), len(kept), tuple(_unsure(batch, intake)))
        if not is_meant:
            raise UsageError(
                f"{batch.source} (batch {batch.digest}) brought {result.removed:,} articles that no other table has: "
                "the next dataset would be without them. Models and their datasets stay as they are. Add --yes to "
                "retract it."
            )
        retraction = Retraction(at=datetime.now(UTC), actor=actor, reason=reason)
        done = batch.model_copy(update={"status": "retracted", "retractions": (*batch.retractions, retraction)})
        intake.write_retracted(done, kept)
        _share(settings, done)
        _drop_what_nobody_says(settings, read_ingested_batches(settings))
    champion, learnt = _learnt_by_champion(settings, brought.keys() - kept.keys())
    return replace(result, batch=done, champion=champion, learnt=learnt)


def _learnt_by_champion(settings: Settings, stories: Set[str]) -> tuple[str | None, int]:
    try:
        champion = find_champion(settings)
    except NewsdeskError:  # nobody is in charge, or nobody can be asked who
        return None, 0
    return champion.version, count_learnt_stories(settings, champion.bundle.manifest.dataset_version, stories) or 0


def _meant(name: str, batches: Sequence[Batch]) -> Batch:
    found = [batch for batch in batches if name in (batch.digest, batch.source, batch.source.rpartition("/")[2])]
    if not found and len(name) >= _SHORTEST:
        found = [batch for batch in batches if batch.digest.startswith(name)]
    if not found:
        raise UsageError(f"No table was ingested as '{name}'. See which were: newsdesk data list.")
    usable = [batch for batch in found if batch.status != "refused"]
    if not usable:
        raise UsageError(
            f"{found[-1].source} was refused: nothing of it is in any dataset. There is nothing to retract."
        )
    ingested = [batch for batch in usable if batch.status == "ingested"]
    if len(ingested) > 1:
        which = ", ".join(f"{batch.digest} of {batch.at:%Y-%m-%d %H:%M}" for batch in ingested)
        raise UsageError(
            f"'{name}' was ingested {len(ingested)} times with other content. Name one by its batch: {which}."
        )
    return (ingested or usable)[-1]


def _said_by_others(
    brought: Mapping[str, LabelledArticle], batch: Batch, intake: IngestedBatches
) -> dict[str, LabelledArticle]:
    """What a later table says again, under the same category."""
    under = {key: article.category for key, article in brought.items()}.items()
    said: set[tuple[str, str]] = set()
    for other in _later(batch, intake):
        said |= (intake.known_in(other) or {}).items() & under
    return {key: article for key, article in brought.items() if (key, article.category) in said}


def _later(batch: Batch, intake: IngestedBatches) -> Iterator[Batch]:
    for other in intake.batches:
        if other.status == "ingested" and other.at > batch.at:
            yield other


def _unsure(batch: Batch, intake: IngestedBatches) -> Iterator[str]:
    for other in _later(batch, intake):
        if other.known and intake.known_in(other) is None:
            yield other.source


def _drop_what_nobody_says(settings: Settings, intake: IngestedBatches) -> None:
    """What was left of retracted tables for the sake of one that is retracted now."""
    for batch in intake.batches:
        if batch.status == "retracted":
            left = IngestedBatches(intake.home, [batch]).articles()
            kept = _said_by_others(left, batch, intake)
            if len(kept) < len(left):
                intake.write_retracted(batch, kept)
                _share(settings, batch)


def _share(settings: Settings, batch: Batch) -> None:
    Storage(settings).share(settings.articles / batch.digest, MANIFEST)

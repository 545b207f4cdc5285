"""The answers of an experiment's arms, from the prediction log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, Select, func, select

from newsdesk.store.predictions import predictions
from newsdesk.store.records import Arm

_champion = predictions.alias("champion")
_other = predictions.alias("other")


class CompetingVersions(NamedTuple):
    """Which models compete: registered version and bundle digest of each."""

    champion: str
    champion_digest: str
    other: str
    other_digest: str


@dataclass(frozen=True)
class ExperimentRun:
    """A run of `other` beside the champion, from its first to its last answer."""

    versions: CompetingVersions
    since: datetime
    until: datetime


class ArmAnswer(NamedTuple):
    """The answer to a text, and the milliseconds it took."""

    text_digest: str
    category: str
    duration_ms: float


def latest_shadow(store: Engine) -> ExperimentRun | None:
    """The newest run in shadow, by its newest pair; None where there is no pair."""
    query = (
        select(_champion.c.model_version, _champion.c.digest, _other.c.model_version, _other.c.digest)
        .join_from(_other, _champion, _champion.c.id == _other.c.pair_id)
        .where(_other.c.arm == "shadow")
        .order_by(_other.c.at.desc())
        .limit(1)
    )
    with store.connect() as connection:
        row = connection.execute(query).first()
        return None if row is None else _experiment(connection, CompetingVersions(*row), "shadow")


def latest_challenge(store: Engine) -> ExperimentRun | None:
    """The newest A/B run, against the champion that answered last before it; None where one of them never answered."""
    newest = select(predictions).order_by(predictions.c.at.desc()).limit(1)
    with store.connect() as connection:
        challenger = connection.execute(newest.where(predictions.c.arm == "challenger")).first()
        if challenger is None:
            return None
        before = newest.where(predictions.c.arm == "champion", predictions.c.at <= challenger.at)
        champion = connection.execute(before).first()
        if champion is None:
            return None
        sides = (champion.model_version, champion.digest, challenger.model_version, challenger.digest)
        return _experiment(connection, CompetingVersions(*sides), "challenger")


def lone_challenger(store: Engine) -> tuple[str, int] | None:
    """The version that answered last as a challenger, and how often; for whom no champion stood beside it."""
    with store.connect() as connection:
        newest = select(predictions.c.model_version, predictions.c.digest).where(predictions.c.arm == "challenger")
        row = connection.execute(newest.order_by(predictions.c.at.desc()).limit(1)).first()
        if row is None:
            return None
        conditions = (predictions.c.arm == "challenger", predictions.c.digest == row.digest)
        count = connection.execute(select(func.count()).select_from(predictions).where(*conditions)).scalar_one()
        return row.model_version, count


def shadow_pairs(store: Engine, versions: CompetingVersions) -> Iterator[tuple[ArmAnswer, ArmAnswer]]:
    """The answers of champion and shadow, in these versions, to the same texts."""
    query = (
        select(*(side.c[name] for side in (_champion, _other) for name in ArmAnswer._fields))
        .join_from(_other, _champion, _champion.c.id == _other.c.pair_id)
        .where(_other.c.arm == "shadow", _other.c.digest == versions.other_digest)
        .where(_champion.c.digest == versions.champion_digest)
    )
    for row in _rows(store, query):
        yield ArmAnswer._make(row[:3]), ArmAnswer._make(row[3:])


def arm_answers(store: Engine, experiment: ExperimentRun, arm: Arm) -> Iterator[ArmAnswer]:
    """The answers of an arm while the experiment ran."""
    versions = experiment.versions
    digest = versions.champion_digest if arm == "champion" else versions.other_digest
    query = (
        select(*(predictions.c[name] for name in ArmAnswer._fields))
        .where(predictions.c.arm == arm, predictions.c.digest == digest)
        .where(predictions.c.at.between(experiment.since, experiment.until))
    )
    for row in _rows(store, query):
        yield ArmAnswer._make(row)


def _experiment(connection: Connection, versions: CompetingVersions, arm: Arm) -> ExperimentRun:
    conditions = (predictions.c.arm == arm, predictions.c.digest == versions.other_digest)
    period = select(func.min(predictions.c.at), func.max(predictions.c.at)).where(*conditions)
    return ExperimentRun(versions, *connection.execute(period).one())


def _rows(store: Engine, query: Select[Any]) -> Iterator[Row[Any]]:
    """Rows one by one: a log may have more than fit into memory."""
    with store.connect() as connection:
        yield from connection.execution_options(yield_per=10_000).execute(query)

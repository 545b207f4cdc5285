"""Whether the champion learnt from the sample corpus, and may be replaced by it."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sklearn.naive_bayes import MultinomialNB

from newsdesk.config.settings import Settings
from newsdesk.errors import UsageError
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import save_bundle
from newsdesk.pipeline.sample_rule import champion_in_charge, refuse_sample_beside_own, replaces_sample
from newsdesk.registry.champion import find_champion
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from newsdesk.store.database import open_store
from newsdesk.store.ledger import LedgerEntry, append
from tests.builders import fitted_bundle, settings_in


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return fitted_bundle(MultinomialNB(), per_category=5)


@pytest.fixture
def settings(tmp_path: Path, bundle: Bundle) -> Settings:
    """With a champion, version 7, of which nobody says what it learnt from."""
    settings, name = settings_in(tmp_path), bundle_folder_name(bundle.digest)
    save_bundle(bundle, settings.bundles / name)
    write_champion_pointer(settings.bundles, ChampionPointer(version="7", digest=bundle.digest, bundle=name))
    return settings


def promoted(settings: Settings, digest: str, **evidence: str) -> None:
    entry = LedgerEntry(
        datetime.now(UTC), "a tester", "promote", "promoted", None, "7", digest, "better", dict(evidence)
    )
    append(open_store(settings.database), entry)


def test_without_a_champion_the_sample_may_serve(tmp_path: Path) -> None:
    assert champion_in_charge(settings_in(tmp_path)) is None
    refuse_sample_beside_own(settings_in(tmp_path))


def test_a_champion_of_the_sample_may_be_replaced_by_the_next(settings: Settings, bundle: Bundle) -> None:
    promoted(settings, bundle.digest, source="the sample corpus")
    refuse_sample_beside_own(settings)


@pytest.mark.parametrize("source", ["articles.csv", "dataset 2026, corrected", "3 ingested tables"])
def test_a_champion_of_other_articles_may_not(settings: Settings, bundle: Bundle, source: str) -> None:
    promoted(settings, "sha256:another", source="the sample corpus")
    promoted(settings, bundle.digest, source=source)
    with pytest.raises(UsageError, match=r"Version 7, .*the sample corpus never replaces .*newsdesk run --sample"):
        refuse_sample_beside_own(settings)


def test_nor_may_one_of_which_nobody_can_tell(settings: Settings, bundle: Bundle) -> None:
    """Ledgers of earlier versions name no source, and a dataset may be gone."""
    promoted(settings, bundle.digest)
    with pytest.raises(UsageError, match="never replaces"):
        refuse_sample_beside_own(settings)


@pytest.mark.parametrize(
    ("champion", "challenger", "gives_way"),
    [
        ("the sample corpus", "articles.csv", True),
        ("the sample corpus", "3 ingested tables", True),
        ("the sample corpus", "the sample corpus", False),
        ("articles.csv", "other.csv", False),
        ("dataset 2026, corrected", "articles.csv", False),
    ],
)
def test_a_champion_of_the_sample_alone_gives_way_to_own_articles(
    settings: Settings, bundle: Bundle, champion: str, challenger: str, gives_way: bool
) -> None:
    promoted(settings, bundle.digest, source=champion)
    assert replaces_sample(challenger, find_champion(settings), settings) is gives_way


def test_nor_does_one_of_which_nobody_can_tell(settings: Settings, bundle: Bundle) -> None:
    promoted(settings, bundle.digest)
    assert not replaces_sample("articles.csv", find_champion(settings), settings)

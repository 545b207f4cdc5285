import pytest
import yaml

from newsdesk.articles.category_hints import category_hints, hint_lines
from newsdesk.articles.category_rules import NO_RULES, CategoryRules
from newsdesk.config.pipeline_config import Categories, PipelineConfig


def hinted(**counts: int) -> list[tuple[str, dict[str, int]]]:
    return [(hint.looks_like, dict(hint.categories)) for hint in category_hints(counts, NO_RULES)]


@pytest.mark.parametrize(
    ("one", "other"), [("sports", "sport"), ("BUSINESS", "business"), ("Stories", "story"), ("boxes", "box")]
)
def test_a_word_and_its_plural_or_its_other_spelling_look_like_one(one: str, other: str) -> None:
    assert hinted(**{one: 9, other: 2, "politics": 5}) == [("one", {one: 9, other: 2})]


def test_three_ways_to_write_one_category_are_one_hint() -> None:
    assert hinted(sport=3, Sports=9, sports=9, SPORT=1) == [("one", {"Sports": 9, "sports": 9, "sport": 3, "SPORT": 1})]


@pytest.mark.parametrize("category", ["N/A", "n/a", "None", "NaN", "Unknown", "-", "uncategorised"])
def test_what_says_that_there_is_no_category_looks_so(category: str) -> None:
    assert hinted(**{category: 4, "politics": 9}) == [("none", {category: 4})]


@pytest.mark.parametrize("category", ["business;politics", "business | tech", "business,politics", "politics/business"])
def test_several_in_one_look_so(category: str) -> None:
    assert hinted(**{category: 4, "Business": 9, "politics": 9}) == [("several", {category: 4})]


@pytest.mark.parametrize("category", ["news", "U.S.", "arts, crafts", "AC/DC", "R&D", "C++", "business & politics"])
def test_names_of_their_own_are_left_alone(category: str) -> None:
    assert hinted(**{category: 4, "business": 9, "politics": 9, "new": 3}) == []


def test_the_lines_are_valid_configuration_that_does_away_with_the_hints() -> None:
    counts = {
        "sports": 9,
        "sport": 2,
        "BUSINESS": 9,
        "business": 8,
        "N/A": 3,
        "business;politics": 1,
        "off": 4,
        "offs": 2,
    }
    kept = CategoryRules(Categories(aliases={"soccer": "sports"}))
    told = [*hint_lines(category_hints(counts, kept), kept)]
    start = told.index("data_pipeline:")
    assert told[start - 1].startswith("To merge them, or to leave them out")
    config = PipelineConfig.model_validate(yaml.safe_load("\n".join(told[start:])))
    assert config.data_pipeline.categories.aliases["soccer"] == "sports"
    rules = CategoryRules(config.data_pipeline.categories)
    meant = {category: rules.of(category) for category in counts}
    assert meant == {
        "sports": "sports",
        "sport": "sports",
        "BUSINESS": "BUSINESS",
        "business": "BUSINESS",
        "N/A": None,
        "business;politics": None,
        "off": "off",
        "offs": "off",
    }
    left = {name: count for name, count in counts.items() if meant[name] == name}
    assert category_hints(left, rules) == []


def test_categories_that_are_named_as_their_own_are_not_hinted_at() -> None:
    rules = CategoryRules(Categories(aliases={"sport": "sport", "sports": "sports", "N/A": "N/A"}))
    assert category_hints({"sport": 3, "sports": 9, "N/A": 4}, rules) == []

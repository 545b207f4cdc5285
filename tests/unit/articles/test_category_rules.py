import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsdesk.articles.category import category_key
from newsdesk.articles.category_rules import CategoryRules
from newsdesk.articles.quarantine import AcceptedRow, QuarantinedRow, check_rows
from newsdesk.articles.readers import RawRow
from newsdesk.config.pipeline_config import Categories
from newsdesk.errors import ConfigError

NAMES = st.sampled_from(
    ["sport", "Sport", "sports", "SPORTS", "n/a", "business", "Business ", "politics", "world news"]
)


def rules(*exclude: str, **aliases: str) -> CategoryRules:
    return CategoryRules(Categories(aliases=aliases, exclude=list(exclude)))


@pytest.mark.parametrize("said", ["sport", "Sport", " SPORT ", "\uff53port"])
def test_an_alias_is_known_by_the_rule_for_categories_whatever_its_case_and_blanks(said: str) -> None:
    assert rules(sport="sports").of(said) == "sports"
    assert rules(sport="sports").of("politics") == "politics"


def test_a_category_that_the_configuration_names_is_spelt_as_it_is_there() -> None:
    named = rules(BUSINESS="business", sport="Sports")
    assert [named.of(said) for said in ("Business", "BUSINESS", "business")] == ["business"] * 3
    assert [named.of(said) for said in ("SPORT", "sports")] == ["Sports"] * 2


def test_an_alias_may_lead_on_to_another() -> None:
    assert rules(football="sport", sport="sports").of("Football") == "sports"


@pytest.mark.parametrize("said", ["N/A", "n/a ", "unknown"])
def test_what_is_excluded_is_left_out_also_by_way_of_an_alias(said: str) -> None:
    assert rules("N/A", unknown="N/A").of(said) is None


@pytest.mark.parametrize(
    ("categories", "told"),
    [
        (
            Categories(aliases={"a": "b", "b": "a"}),
            "'data_pipeline.categories.aliases.a': it goes in a circle (a → b → a)",
        ),
        (Categories(aliases={"x": "a", "a": "b", "b": "c", "c": "a"}), "aliases.x': it goes in a circle (x → a → b"),
        (
            Categories(aliases={"sport": "sports", "Sport": "games"}),
            "aliases.Sport': 'sport', which is the same, means",
        ),
        (
            Categories(aliases={"sport": "Sports", "football": "sports"}),
            "aliases.football': it is written 'sports' here",
        ),
        (Categories(aliases={"sport": "sports"}, exclude=["Sport"]), "aliases.sport': it is in 'exclude', too"),
        (Categories(aliases={"sport": " "}), "aliases.sport': The category is blank"),
        (Categories(exclude=["a\nb"]), "categories.exclude': The category holds a line break"),
    ],
)
def test_rules_that_cannot_be_are_errors_that_name_the_key(categories: Categories, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        CategoryRules(categories)


@given(st.dictionaries(NAMES, NAMES, max_size=5), st.lists(NAMES, max_size=2), NAMES)
def test_what_is_meant_means_itself_whatever_the_rules(aliases: dict[str, str], exclude: list[str], said: str) -> None:
    try:
        found = CategoryRules(Categories(aliases=aliases, exclude=exclude))
    except ConfigError:
        return
    meant = found.of(said)
    assert meant is None or found.of(meant) == meant
    assert found.of(said.upper()) == meant or category_key(str(meant)) == category_key(said)


def test_what_the_rules_came_to_is_counted_and_what_nothing_used_is_said() -> None:
    changes = rules("N/A", "gossip", sport="sports", Sports="sports", footbal="soccer").changes(
        ["sport", "sport", "SPORTS", "sports", "n/a", "politics"]
    )
    assert changes.renamed == {"sports": {"sport": 2, "SPORTS": 1}}
    assert changes.left_out == {"n/a": 1}
    assert changes.unused == ["footbal", "gossip"]
    assert [*changes.sentences()] == [
        "'sport' (2), 'SPORTS' (1) became 'sports' (data_pipeline.categories.aliases).",
        "Left out: 'n/a' (1) (data_pipeline.categories.exclude).",
        "Nothing is called 'footbal', 'gossip' here: look whether data_pipeline.categories says what you mean.",
    ]


def test_class_ids_may_be_written_as_numbers() -> None:
    assert Categories.model_validate({"aliases": {0: "world", 1: "sports"}, "exclude": [7]}).aliases["1"] == "sports"


def checked(category: object, rules: CategoryRules) -> AcceptedRow | QuarantinedRow:
    values = {"id": "1", "text": "The council voted on the new budget.", "category": category}
    columns = {name: name for name in values}
    (item,) = check_rows([RawRow(2, values)], columns, labels=None, min_text_length=1, rules=rules)
    return item


def test_a_row_has_the_category_that_is_meant_and_keeps_what_was_said() -> None:
    item = checked("Sport", rules(sport="sports"))
    assert isinstance(item, AcceptedRow)
    assert (item.article.category, item.original_category, item.original.category) == ("sports", "Sport", "Sport")


@pytest.mark.parametrize("category", [["sport", "Sports"], ["sport", "N/A"], '["sports", "sport"]'])
def test_several_categories_that_mean_one_are_one(category: object) -> None:
    item = checked(category, rules("N/A", sport="sports"))
    assert isinstance(item, AcceptedRow)
    assert item.article.category == "sports"


@pytest.mark.parametrize("category", ["N/A", "n/a", ["N/A"], ["N/A", "n/a"]])
def test_an_excluded_row_is_set_aside_as_it_was_and_is_not_broken(category: object) -> None:
    item = checked(category, rules("N/A"))
    assert isinstance(item, QuarantinedRow)
    assert (item.reasons, item.is_broken) == (("excluded_category",), False)
    assert "n/a" in item.category.casefold()

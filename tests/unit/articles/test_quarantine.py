from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.articles.column_mapping import KNOWN_NAMES
from newsdesk.articles.labels import Label
from newsdesk.articles.quarantine import REASONS, AcceptedRow, QuarantinedRow, check_rows
from newsdesk.articles.readers import RawRow

COLUMNS = {field: field for field in KNOWN_NAMES}
STORY: dict[str, Any] = {"id": "a-1", "title": "Rates held", "text": "The bank waits for prices.", "category": "money"}


def check(*rows: dict[str, Any], min_text_length: int = 10) -> list[AcceptedRow | QuarantinedRow]:
    """Rows numbered from 2, as in a CSV file, with every field in the column of its name."""
    numbered = [RawRow(number, row) for number, row in enumerate(rows, start=2)]
    return list(check_rows(numbered, COLUMNS, labels=None, min_text_length=min_text_length))


def accepted(**changes: Any) -> AcceptedRow:
    (checked,) = check(STORY | changes)
    assert isinstance(checked, AcceptedRow)
    return checked


def reasons(**changes: Any) -> tuple[str, ...]:
    (checked,) = check(STORY | changes)
    assert isinstance(checked, QuarantinedRow)
    return checked.reasons


def test_a_row_that_can_be_used_becomes_an_article_with_its_row_number() -> None:
    full = STORY | {
        "published_at": "2025-03-04 05:06",
        "source": "Wire",
        "url": "https://n.example/1",
        "language": "en",
    }

    (checked,) = check(full)

    assert isinstance(checked, AcceptedRow)
    assert checked.row == 2
    assert checked.article.model_dump() == full | {"published_at": datetime(2025, 3, 4, 5, 6, tzinfo=UTC)}


def test_fields_are_read_from_the_columns_that_were_found() -> None:
    row = RawRow(9, {"Headline": "Rates held", "Body": "The bank waits.", "Desk": "money", "text": "not this"})
    columns = {"title": "Headline", "text": "Body", "category": "Desk"}

    (checked,) = check_rows([row], columns, labels=None, min_text_length=1)

    assert isinstance(checked, AcceptedRow)
    article = checked.article
    assert (article.title, article.text, article.category) == ("Rates held", "The bank waits.", "money")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": "", "title": " "}, "missing_text"),
        ({"text": None, "title": None}, "missing_text"),
        ({"category": " "}, "missing_category"),
        ({"category": None}, "missing_category"),
        ({"category": float("nan")}, "missing_category"),
        ({"text": "It is.", "title": ""}, "text_too_short"),
        ({"text": "... --- ... _ _ !", "title": ""}, "text_without_words"),
        ({"text": "\u3164\u200b\U0001f600\u2764\ufe0f \u115f\u2060\u200d ... !!", "title": ""}, "text_without_words"),
        ({"text": "x" * 1_000_001}, "text_too_long"),
        ({"title": "x" * 10_001}, "title_too_long"),
        ({"category": "x" * 201}, "category_too_long"),
        ({"id": "x" * 501}, "id_too_long"),
        ({"language": "x" * 36}, "language_too_long"),
        ({"text": ["The bank waits."]}, "text_not_text"),
        ({"text": {"en": "The bank waits."}}, "text_not_text"),
        ({"title": True}, "title_not_text"),
        ({"category": ["money", "sport"]}, "several_categories"),
        ({"id": True}, "id_not_text"),
        ({"text": "The bank\x00 waits."}, "text_invalid"),
        ({"title": "Rates \ud83d held"}, "title_invalid"),
        ({"category": "\udcff"}, "category_invalid"),
    ],
)
def test_a_row_that_cannot_be_used_is_set_aside_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    assert reasons(**changes) == (reason,)


@pytest.mark.parametrize("own_id", [["a"], {"number": "5f"}])
def test_an_id_that_is_a_list_or_an_object_is_set_aside(own_id: object) -> None:
    assert reasons(id=own_id) == ("id_not_text",)


def test_empty_bytes_from_a_parquet_file_are_a_missing_category() -> None:
    assert reasons(category=b"") == ("missing_category",)


def test_a_row_has_every_reason_why_it_cannot_be_used() -> None:
    assert reasons(text=None, title=None, category=None, id=True) == (
        "id_not_text",
        "missing_text",
        "missing_category",
    )


@pytest.mark.parametrize("problem", ["wrong_column_count", "invalid_json", "not_an_object"])
def test_what_the_reader_found_is_the_reason_whatever_else_is_wrong(problem: str) -> None:
    (checked,) = check_rows([RawRow(5, {"id": "7"}, problem)], COLUMNS, labels=None, min_text_length=1)

    assert isinstance(checked, QuarantinedRow)
    assert (checked.row, checked.id, checked.reasons) == (5, "7", (problem,))


def test_a_row_is_kept_as_it_was_when_set_aside() -> None:
    (checked,) = check(STORY | {"category": None})

    assert checked == QuarantinedRow(
        2, ("missing_category",), id="a-1", title="Rates held", text="The bank waits for prices.", category=""
    )


def test_what_no_file_takes_is_escaped_and_what_would_fill_it_is_cut() -> None:
    (checked,) = check(STORY | {"title": "half \ud83d", "text": "x" * 2_000_000})

    assert isinstance(checked, QuarantinedRow)
    assert checked.title == "half \\ud83d"
    assert checked.text == "x" * 10_000


def test_title_and_text_count_together_for_the_shortest_length() -> None:
    story = STORY | {"title": "Ten", "text": "chars"}  # "Ten", a blank line, "chars"

    assert isinstance(check(story, min_text_length=10)[0], AcceptedRow)
    assert isinstance(check(story, min_text_length=11)[0], QuarantinedRow)


@pytest.mark.parametrize("text", ["", None, "  "])
def test_a_title_without_text_is_the_text(text: str | None) -> None:
    article = accepted(text=text).article

    assert (article.title, article.text) == ("", "Rates held")


@pytest.mark.parametrize(("value", "told"), [(7, "7"), (0, "0"), (2.5, "2.5"), (" x\n", "x")])
def test_numbers_are_written_as_text_and_text_is_trimmed(value: object, told: str) -> None:
    article = accepted(id=value, category=value).article

    assert (article.id, article.category) == (told, told)


def test_the_second_row_with_an_id_is_set_aside() -> None:
    first, second, third = check(STORY, STORY | {"text": "Another story altogether."}, STORY | {"id": "a-2"})

    assert isinstance(first, AcceptedRow)
    assert isinstance(second, QuarantinedRow)
    assert second.reasons == ("duplicate_id",)
    assert isinstance(third, AcceptedRow)


def test_an_id_is_not_taken_by_a_row_that_was_set_aside() -> None:
    first, second = check(STORY | {"category": None}, STORY)

    assert isinstance(first, QuarantinedRow)
    assert isinstance(second, AcceptedRow)


def test_a_row_without_id_gets_one_from_what_it_says() -> None:
    one, same, other = (accepted(id=None, text=text).article.id for text in ("Story one.", "Story one.", "Story two."))

    assert one == same != other
    assert one.startswith("sha256-")


def test_a_row_without_id_may_hold_half_a_character() -> None:
    assert reasons(id=None, title="half \ud83d") == ("title_invalid",)


def test_rows_without_id_are_never_duplicates_by_id() -> None:
    assert all(isinstance(row, AcceptedRow) for row in check(STORY | {"id": None}, STORY | {"id": None}))


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("2025-03-04", datetime(2025, 3, 4, tzinfo=UTC)),
        ("2025-03-04T05:06:07Z", datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("2025-03-04T05:06:07+02:00", datetime(2025, 3, 4, 3, 6, 7, tzinfo=UTC)),
        ("Tue, 04 Mar 2025 05:06:07 GMT", datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC)),
        ("4 March 2025", datetime(2025, 3, 4, tzinfo=UTC)),
        (20250304, datetime(2025, 3, 4, tzinfo=UTC)),
        (datetime(2025, 3, 4, 5), datetime(2025, 3, 4, 5, tzinfo=UTC)),  # noqa: DTZ001 - what Parquet without zone gives
        (datetime(2025, 3, 4, 5, tzinfo=timezone(timedelta(hours=-5))), datetime(2025, 3, 4, 10, tzinfo=UTC)),
        pytest.param(date(2025, 3, 4), datetime(2025, 3, 4, tzinfo=UTC)),
    ],
)
def test_a_date_is_understood_as_a_point_in_time_in_utc(said: object, understood: datetime) -> None:
    assert accepted(published_at=said).article.published_at == understood


@pytest.mark.parametrize(
    "said",
    [
        None,
        "",
        "yesterday",
        "n/a",
        "2025-13-45",
        "99999999999999999999",
        "2025-03-04T05:06:07+25:00",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:00:00-05:00",
        True,
        [2025, 3, 4],
        float("nan"),
        float("inf"),
    ],
)
def test_no_story_is_lost_for_its_date(said: object) -> None:
    assert accepted(published_at=said).article.published_at is None


@pytest.mark.parametrize("said", ["05:06", "Tuesday"])
def test_what_names_no_day_is_no_date_instead_of_one_near_today(said: str) -> None:
    assert accepted(published_at=said).article.published_at is None


def test_a_zone_abbreviation_that_is_not_known_gives_no_wrong_time() -> None:
    published_at = accepted(published_at="Tue, 04 Mar 2025 05:06:07 EST").article.published_at

    assert published_at in (None, datetime(2025, 3, 4, 10, 6, 7, tzinfo=UTC))


def test_labels_decide_alone_about_the_category() -> None:
    rows = [RawRow(2, STORY), RawRow(3, STORY | {"id": 7}), RawRow(4, STORY | {"id": "unknown"})]
    labels = {"a-1": Label(2, "sports"), "7": Label(3, "arts")}

    one, two, three = check_rows(rows, COLUMNS, labels=labels, min_text_length=1)

    assert isinstance(one, AcceptedRow)
    assert one.article.category == "sports"
    assert isinstance(two, AcceptedRow)
    assert two.article.category == "arts"
    assert isinstance(three, QuarantinedRow)
    assert (three.reasons, three.category) == (("missing_category",), "")


@pytest.mark.parametrize("labels", [None, {"a": Label(2, "\u200b sports\u3000")}], ids=["a column", "labels"])
def test_a_category_is_cleaned_wherever_it_comes_from(labels: dict[str, Label] | None) -> None:
    row = RawRow(2, {"id": "a", "text": "The striker scored twice.", "category": "\ufeffsports\u00a0"})
    columns = {"id": "id", "text": "text", "category": "category"}
    (item,) = check_rows([row], columns, labels=labels, min_text_length=3)
    assert isinstance(item, AcceptedRow)
    assert item.article.category == "sports"


@pytest.mark.parametrize(
    ("category", "reason"),
    [("\u200b", "missing_category"), ("spo\nrts", "category_with_control_character"), ("s" * 201, "category_too_long")],
    ids=ascii,
)
def test_what_is_no_category_is_set_aside_with_its_reason(category: str, reason: str) -> None:
    row = RawRow(2, {"text": "The striker scored twice.", "category": category})
    (item,) = check_rows([row], {"text": "text", "category": "category"}, labels=None, min_text_length=3)
    assert isinstance(item, QuarantinedRow)
    assert item.reasons == (reason,)


def test_only_a_repeat_leaves_the_table_whole() -> None:
    row = QuarantinedRow(2, ("duplicate",), id="1", title="", text="", category="")

    assert not row.is_broken
    assert QuarantinedRow(2, ("missing_text",), id="1", title="", text="", category="").is_broken
    assert QuarantinedRow(2, ("duplicate", "missing_text"), id="1", title="", text="", category="").is_broken


def is_documented(reason: str) -> bool:
    """Whether `REASONS` lists it, as it is or as `<field>_…` for a field of an article."""
    field = next((field for field in KNOWN_NAMES if reason.startswith(f"{field}_")), "")
    return reason in REASONS or f"<field>{reason.removeprefix(field)}" in REASONS


TEXTS = st.text(st.characters(codec="utf-8") | st.characters(categories=["Cs"]), max_size=30)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just("A long enough story.")
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2))
ANY_ROW = st.fixed_dictionaries(
    {},
    # No letters in dates: dateutil warns of what it takes for the name of a time zone.
    optional={"id": SCALARS, "published_at": st.text("0123456789-:/. +", max_size=20) | st.integers() | st.floats()}
    | dict.fromkeys(("title", "text", "category", "source", "url", "language"), VALUES),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(ANY_ROW, max_size=5))
def test_whatever_a_table_holds_each_row_is_an_article_or_set_aside_for_a_documented_reason(
    rows: list[dict[str, Any]],
) -> None:
    checked = check(*rows)

    assert [item.row for item in checked] == list(range(2, len(rows) + 2))
    for item in checked:
        if isinstance(item, QuarantinedRow):
            assert item.reasons
            assert all(is_documented(reason) for reason in item.reasons)
            "".join((item.id, item.title, item.text, item.category)).encode("utf-8")
        else:
            assert item.article.text
            assert item.article.category

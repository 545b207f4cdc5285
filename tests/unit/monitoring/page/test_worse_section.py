"""The section on what got worse."""

from dataclasses import replace

import pytest

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.monitoring.misclassified_texts import NOT_ASKED_FOR, NOT_KEPT, MisclassifiedText, MisclassifiedTexts
from newsdesk.monitoring.page.headline import headline
from newsdesk.monitoring.page.page import monitor_page
from newsdesk.monitoring.report import Confusion, Estimate, QualityChange, Report, WorseCategory
from tests.unit.monitoring.page.reports import HOUR, NOON, Page, manifest, report, window

HOSTILE = "</q></style><script>alert(\"1\")</script><img src=x onerror='alert(2)'>&amp;"
SWAP = Confusion("business", "politics", 12, 30, 3, 120)
WORSE = WorseCategory("business", "f1", Estimate(0.62, 0.5, 0.72, 40), Estimate(0.91, 0.86, 0.94, 160), 1e-6, SWAP)
CHANGE = QualityChange(NOON - 48 * HOUR, NOON - 12 * HOUR, (WORSE,), ("sport",), ("politics",))
TEXTS = MisclassifiedTexts(
    {("business", "politics"): (MisclassifiedText("Ministers vote on the bank levy", 0.93, NOON - HOUR),)}
)


def with_change(change: QualityChange | None) -> Report:
    return report(window(1), change=change)


def page_of(change: QualityChange | None, examples: MisclassifiedTexts = TEXTS) -> Page:
    return Page(monitor_page(with_change(change), manifest(), Monitoring(), examples=examples))


def test_what_got_worse_stands_first_with_figures_and_the_pair_that_is_mixed_up() -> None:
    page = page_of(CHANGE)
    assert page.texts["h2"][0] == "What got worse"
    assert page.table("Categories that got worse")[1:] == [["businessF1", "0.62 (0.50 to 0.72)", "0.91 (0.86 to 0.94)"]]
    assert "12 of 30 corrected from business to politics (3 of 120 before)" in page.texts["h3"]
    assert "Lately is since 2026-03-04 00:00 UTC, before is from 2026-03-02 12:00 UTC until then." in page.text
    assert "Not worse: sport." in page.text
    assert "Too few labels to tell: politics." in page.text


def test_texts_stand_under_the_pair_that_they_show() -> None:
    page = page_of(CHANGE)
    assert page.texts["q"] == ["Ministers vote on the bank levy"]
    assert "93% sure, window from 2026-03-04 11:00 UTC" in page.text


def test_a_pair_is_shown_once_though_both_its_categories_got_worse() -> None:
    both = replace(CHANGE, worse=(WORSE, replace(WORSE, category="politics")), too_few=())
    page = page_of(both)
    assert page.texts["q"] == ["Ministers vote on the bank levy"]
    assert len(page.table("Categories that got worse")) == 3


@pytest.mark.parametrize("why", [NOT_ASKED_FOR, NOT_KEPT])
def test_where_texts_are_not_shown_it_says_why(why: str) -> None:
    page = page_of(CHANGE, MisclassifiedTexts(why_none=why))
    assert why in page.text
    assert page.tags["q"] == 0


def test_by_default_no_text_is_asked_for() -> None:
    assert NOT_ASKED_FOR in Page(monitor_page(with_change(CHANGE), manifest(), Monitoring())).text


def test_where_no_text_of_a_pair_is_kept_it_says_how_to_have_one() -> None:
    assert "No text of these is kept: send the text with the feedback." in page_of(CHANGE, MisclassifiedTexts()).text


def test_where_nothing_got_worse_it_says_so_without_a_table() -> None:
    page = page_of(replace(CHANGE, worse=(), not_worse=("business", "sport")))
    assert page.texts["h2"][0] == "What got worse"
    assert "Nothing got worse." in page.texts["p"]
    assert "Categories that got worse" not in page.texts["caption"]


def test_where_nothing_can_be_told_there_is_no_box_but_a_sentence_among_what_is_not_known() -> None:
    page = page_of(replace(CHANGE, worse=(), not_worse=(), too_few=("business", "sport")))
    assert "What got worse" not in page.texts["h2"]
    assert "What got worse: too few labels to tell. It takes feedback on 20 texts of a category, both lately and" in (
        page.text
    )


@pytest.mark.parametrize("text", [HOSTILE, "體育新聞" * 60, "\u202etxet", "a\nb"])
def test_texts_and_names_from_outside_stay_words(text: str) -> None:
    confusion = replace(SWAP, predicted=text, right=HOSTILE)
    worse = replace(WORSE, category=text, confusion=confusion)
    texts = MisclassifiedTexts({(text, HOSTILE): (MisclassifiedText(text, 0.5, NOON),)})
    page = page_of(replace(CHANGE, worse=(worse,)), texts)
    assert page.texts["q"] == [text]
    assert page.tags["script"] == page.tags["img"] == 0
    assert not any(attribute.startswith("on") for attribute, _ in page.attributes)


def test_the_headline_does_not_say_that_all_is_well_where_something_got_worse() -> None:
    said = headline(with_change(CHANGE), manifest(), Monitoring())
    assert said.level == "watch"
    assert said.sentence == "Worse since 2026-03-04 00:00 UTC: business (F1 0.62, 0.91 before)."
    corrected = replace(
        WORSE, measure="corrected", lately=Estimate(0.12, 0.1, 0.2, 90), before=Estimate(0.03, 0, 1, 400)
    )
    said = headline(with_change(replace(CHANGE, worse=(corrected,) * 5)), manifest(), Monitoring())
    assert said.sentence.endswith("business (share corrected 12.0%, 3.0% before) and 2 more.")


def test_confirmed_drift_is_still_the_worse_news() -> None:
    said = headline(report(window(1, "confirmed"), change=CHANGE), manifest(), Monitoring())
    assert said.sentence.startswith("Drift confirmed")


def test_before_a_window_is_judged_the_loss_is_told_all_the_same() -> None:
    assert headline(report(window(1, "too_few"), change=CHANGE), manifest(), Monitoring()).level == "watch"

"""The page as a browser reads it."""

import re
from dataclasses import replace

import pytest

from newsdesk.config.pipeline_config import Monitoring
from newsdesk.monitoring.page.page import monitor_page
from newsdesk.monitoring.report import ClassFigures, Decision, Performance, Report
from newsdesk.monitoring.significance import proportion
from tests.unit.monitoring.page.reports import Page, manifest, performance, report, score, window

HOSTILE = "</style></title><script>alert(\"1\")</script><img src=x onerror='alert(2)'>&amp;"


def page_of(found: Report, *categories: str) -> Page:
    return Page(monitor_page(found, manifest(*categories), Monitoring()))


def full_report() -> Report:
    windows = [window(hours) for hours in (5, 4, 3)] + [window(2, "suspected"), window(1, "confirmed")]
    running = window(-1, "too_few", performance=performance(0, 0, 20))
    arms = {"champion": performance(), "challenger": performance(40)}
    labels = {"used": 250, "text_missing": 40, "contradicted": 3, "flood": 2, "distrusted": 1}
    return report(*windows, running, by_version={"3": performance(), "2": performance(30)}, by_arm=arms, labels=labels)


def test_every_section_is_there_under_its_heading() -> None:
    page = page_of(full_report())
    assert page.texts["h2"] == [
        "Accuracy",
        "Drift",
        "Retraining",
        "Predictions",
        "Feedback",
        "Versions and arms",
        "Days and windows",
    ]
    assert page.texts["h3"] == [
        "Accuracy over time",
        "F1 by category",
        "Confidence over time",
        "Top terms",
        "Predictions over time",
        "Categories now",
    ]
    assert page.tags["h1"] == page.tags["header"] == page.tags["main"] == page.tags["footer"] == 1


def test_it_needs_no_script_and_nothing_from_outside() -> None:
    html = monitor_page(full_report(), manifest(), Monitoring())
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert not re.search(r"://|<script|<link|<img|<iframe|@import|url\(|\son\w+=", html)


def test_every_chart_has_a_title_a_description_and_its_figures_below() -> None:
    page = page_of(full_report())
    charts = page.attributes.count(("role", "img"))
    assert charts == page.tags["figure"] == page.tags["desc"] == 6
    assert page.texts["summary"].count("Figures") == charts
    assert set(page.texts["h3"]) <= set(page.texts["title"])


def test_every_table_has_a_caption_and_headings_with_their_scope() -> None:
    page = page_of(full_report())
    assert page.tags["caption"] == page.tags["table"] == len(page.tables)
    scopes = [value for name, value in page.attributes if name == "scope"]
    assert len(scopes) == page.tags["th"]
    assert set(scopes) == {"col", "row"}
    for table in page.tables:
        assert {len(row) for row in table[1:]} == {len(table[1])}


def test_the_figures_of_the_charts_are_those_of_the_report() -> None:
    found = full_report()
    page = page_of(found)
    rows = page.table("Accuracy over time")
    assert rows[0] == ["window from", "by feedback", "estimated"]
    assert rows[1] == ["2026-03-04 12:00 UTC", "–", "87.5%, window still running"]
    share = found.windows[0].performance.accuracy
    assert share is not None
    assert rows[2][1:] == [f"90.0% ({share.low:.1%} to {share.high:.1%})", "87.5%"]
    assert page.table("Top terms")[1] == ["2026-03-04 10:00 UTC", "0.31, drift"]
    assert page.table("Predictions over time")[1:3] == [
        ["2026-03-04 12:00 UTC", "27, window still running", "20, window still running"],
        ["2026-03-04 10:00 UTC", "207", "200"],
    ]
    assert page.table("Categories now")[1] == ["politics", "50.0%", "50.0%"]
    assert page.table("Texts with feedback")[1] == ["politics", "125", "125", "110"]
    assert page.table("F1 by category")[1:] == [["politics", "0.88"], ["sport", "0.92"]]


def test_the_newest_judged_window_tells_what_changed() -> None:
    page = page_of(full_report())
    (row,) = page.table("2026-03-04 10:00 UTC to 2026-03-04 11:00 UTC, 200 texts")[1:]
    assert row[0].startswith("top terms")
    assert row[1:] == ["0.314", "0.1", "< 0.0001", "drift", "lithium: 1% → 24%"]


def test_a_score_that_was_left_out_is_told_with_its_reason() -> None:
    page = page_of(report(window(1, "suspected", left_out={"domain_classifier": "12 texts, 20 needed"})))
    rows = page.table("2026-03-04 10:00 UTC to 2026-03-04 11:00 UTC, 200 texts")[1:]
    assert rows[-1][0].startswith("domain classifier")
    assert rows[-1][1:] == ["–", "–", "–", "left out", "12 texts, 20 needed"]


def test_each_window_judged_before_has_its_report_too() -> None:
    rose = score(feature="category_mix", detail="sport: 12% → 30%")
    before = window(4, "suspected", scores=(rose,))
    page = page_of(report(before, window(2, "too_few"), window(1, "confirmed")))
    (row,) = page.table("2026-03-04 07:00 UTC to 2026-03-04 08:00 UTC, 200 texts")[1:]
    assert "sport: 12% → 30%" in " ".join(row)


def test_versions_and_arms_are_left_out_where_there_is_one_alone() -> None:
    page = page_of(report(window(1), by_version={"3": performance()}))
    assert "Versions and arms" not in page.texts["h2"]


def test_labels_days_and_windows_are_counted() -> None:
    page = page_of(full_report())
    labels = page.table("Texts with feedback, by what became of it")
    assert [row[:2] for row in labels[1:]] == [
        ["used", "250"],
        ["text_missing", "40"],
        ["contradicted", "3"],
        ["flood", "2"],
        ["distrusted", "1"],
    ]
    newest, second = page.table("Windows, newest first")[1:3]
    assert newest[0] == "2026-03-04 12:00 UTC (still running)"
    assert (newest[-1], second[-1]) == ("not judged: too few texts", "drift confirmed")


def test_a_category_that_the_model_does_not_know_has_no_f1_and_is_told() -> None:
    known, new = ClassFigures(4, 4, 4), ClassFigures(3, 0, 0, is_known=False)
    figures = Performance(9, 9, 0.5, proportion(4, 7), {"sport": known, "weather": new}, {"sport": 9})
    html = monitor_page(report(window(1, performance=figures)), manifest(), Monitoring())
    assert "The model does not know weather: it cannot be right there" in html
    assert ">0.000<" not in html


@pytest.mark.parametrize("name", [HOSTILE, "sport\0\x1b[31m", "\ud800", "体育 🏅", "  "])
def test_names_from_outside_stay_words(name: str) -> None:
    figures = Performance(9, 9, 0.5, proportion(1, 2), {name: ClassFigures(1, 1, 1)}, {name: 9})
    hostile = window(1, performance=figures, scores=(score(detail=name),))
    found = report(hostile, by_arm={name: figures}, by_version={name: figures, "2": figures})
    decision = Decision(True, f"{name} is bad.", 3, 6, 12)
    html = monitor_page(replace(found, decision=decision, version=name), manifest(name, "sport"), Monitoring())
    page = Page(html)
    assert html.encode("utf-8")
    assert page.tags["script"] == page.tags["img"] == 0
    assert not any(attribute.startswith("on") for attribute, _ in page.attributes)
    if name == HOSTILE:
        assert page.text.count(name) >= 6


def test_before_the_first_prediction_it_says_so_and_shows_no_empty_box() -> None:
    page = page_of(report())
    assert "Nothing to watch yet: the champion made no prediction in the last 2 days." in page.text
    assert "no window of 1 hour that ended has 100 texts" in page.text
    assert page.texts["h2"] == ["Retraining", "Not known yet"]
    assert page.tags["figure"] == page.tags["table"] == 0


def first_hour(labelled: int = 0, right: int = 0) -> Report:
    figures = performance(right, labelled, 20)
    return report(window(-1, "too_few", performance=figures), labels={"used": labelled} if labelled else {})


def test_in_the_first_hour_it_first_says_how_it_does_and_then_what_is_not_known() -> None:
    page = page_of(first_hour())
    assert page.texts["h2"] == ["Accuracy", "Retraining", "Predictions", "Not known yet", "Days and windows"]
    assert "It answered 20 different texts, about 88% of them rightly by its confidence. Not judged yet" in page.text
    assert page.texts["h3"] == [
        "Accuracy over time",
        "Confidence over time",
        "Predictions over time",
        "Categories now",
    ]
    assert "–" not in page.texts["dd"]


def test_the_running_window_is_shown_as_such_in_every_chart_over_time() -> None:
    page = page_of(first_hour())
    for chart in ("Accuracy over time", "Confidence over time", "Predictions over time"):
        (row,) = page.table(chart)[1:]
        assert row[0] == "2026-03-04 12:00 UTC", "a point stands at the beginning of its window"
        assert "window still running" in row[-1]
    assert page.table("Categories now")[0][1] == "window still running"


@pytest.mark.parametrize(("labelled", "right"), [(1, 0), (3, 0), (19, 19)])
def test_of_a_few_labels_no_share_is_told(labelled: int, right: int) -> None:
    page = page_of(first_hour(labelled, right))
    assert page.texts["dd"][:2] == ["too few", f"{labelled} reviewed texts, 20 needed"]
    assert f"Accuracy: {labelled} reviewed texts are too few to tell it. It is told from 20 on." in page.text
    assert "F1 by category" not in page.texts["h3"]


def test_from_twenty_labels_on_accuracy_is_told_with_its_interval() -> None:
    page = page_of(first_hour(20, 18))
    assert page.texts["dd"][0] == "90.0%"
    assert "Right in 90.0% of 20 reviewed texts (69.9% to 97.2%)." in page.text


def test_a_category_of_a_few_texts_has_no_f1() -> None:
    figures = {"politics": ClassFigures(40, 40, 30), "sport": ClassFigures(3, 1, 0)}
    page = page_of(report(window(1, performance=replace(performance(), per_class=figures))))
    assert page.table("F1 by category")[1:] == [["politics", "0.75"], ["sport", "too few"]]


def test_charts_of_scores_share_one_scale_and_one_time() -> None:
    both = score(), score(feature="domain_classifier", score=0.9, threshold=0.6)
    page = page_of(report(window(3, "suspected"), window(1, "confirmed", scores=both)))
    charts = [chart for chart in page.html.split("<figure>")[1:] if "<h3>Top terms" in chart or "<h3>Domain" in chart]
    axes = [re.findall(r'class="axis[^"]*">([^<]+)<', chart) for chart in charts]
    assert len(axes) == 2
    assert axes[0] == axes[1]


def test_the_newsroom_has_its_name_in_the_title_and_on_the_page() -> None:
    page = Page(monitor_page(full_report(), manifest(), Monitoring(), HOSTILE))
    assert page.texts["title"][0] == f"{HOSTILE} · Newsdesk monitor: version 3"
    assert page.texts["h1"] == [f"{HOSTILE} · Newsdesk monitor · version 3 · naive_bayes"]
    assert page_of(full_report()).texts["title"][0] == "Newsdesk monitor: version 3"


def test_without_feedback_it_says_how_to_give_it() -> None:
    page = page_of(report(window(1, performance=performance(0, 0))))
    assert "no prediction shown here has usable feedback yet" in page.text
    assert [row[1] for row in page.table("Accuracy over time")[1:]] == ["–"]


def test_a_champion_without_a_reference_is_shown_without_it() -> None:
    without = manifest(has_profile=False)
    page = Page(monitor_page(report(window(1, "too_few")), without, Monitoring()))
    assert "the champion has no reference profile" in page.text
    assert page.table("Categories now")[1] == ["politics", "50.0%", "–"]


def test_the_same_report_gives_the_same_page() -> None:
    assert monitor_page(full_report(), manifest(), Monitoring()) == monitor_page(
        full_report(), manifest(), Monitoring()
    )

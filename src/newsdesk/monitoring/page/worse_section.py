"""The section on what got worse: which categories, what they are mixed up with, and texts that show it."""

from xml.etree.ElementTree import Element

from newsdesk.monitoring.misclassified_texts import MisclassifiedText, MisclassifiedTexts
from newsdesk.monitoring.page.formatting import MEASURES, listed, measured, mixed_up, moment, percent
from newsdesk.monitoring.page.markup import tag
from newsdesk.monitoring.page.tables import Cell, table
from newsdesk.monitoring.report import Confusion, QualityChange, Report, WorseCategory
from newsdesk.monitoring.significance import ENOUGH

NONE_OF_A_PAIR = "No text of these is kept: send the text with the feedback."


def got_worse(report: Report, examples: MisclassifiedTexts) -> list[Element]:
    """Nothing where nothing could be compared."""
    change = report.change
    if change is None or not change.is_known:
        return []
    rows: list[list[Cell]] = [
        [_category_cell(each), measured(each.measure, each.lately), measured(each.measure, each.before)]
        for each in change.worse
    ]
    first = tag(
        "div",
        table("Categories that got worse", ["category", "lately", "before"], rows) if rows else None,
        *(tag("p", sentence, class_="note" if rows else None) for sentence in describe_change(change)),
        class_="card",
    )
    return [first, *_confusion_cards(confusions(change), examples)]


def describe_change(change: QualityChange) -> list[str]:
    """In sentences: what was compared, what did not get worse, and of what that is not known."""
    sentences = [
        f"Lately is since {moment(change.since)}, before is from {moment(change.begin)} until then. Only differences "
        "count that are more than chance."
    ]
    if not change.worse:
        sentences.insert(0, "Nothing got worse.")
    if change.worse and change.not_worse:
        sentences.append(f"Not worse: {listed([*change.not_worse])}.")
    if change.too_few:
        sentences.append(f"{TOO_FEW_LABELS}: {listed([*change.too_few])}. {NEEDED}")
    return sentences


TOO_FEW_LABELS = "Too few labels to tell"
NEEDED = f"It takes feedback on {ENOUGH} texts of a category, both lately and before."


def confusions(change: QualityChange) -> list[Confusion]:
    """Each pair once, though both its categories may have got worse by it."""
    pairs = {
        (each.confusion.predicted, each.confusion.right): each.confusion for each in change.worse if each.confusion
    }
    return [*pairs.values()]


def _category_cell(worse: WorseCategory) -> Element:
    return tag("span", worse.category, tag("br"), tag("span", MEASURES[worse.measure], class_="note"))


def _confusion_cards(pairs: list[Confusion], examples: MisclassifiedTexts) -> list[Element]:
    """A card for each pair, with texts of it, or at the end why there are none."""
    if not pairs:
        return []
    cards = []
    for confusion in pairs:
        texts = examples.of_pairs.get((confusion.predicted, confusion.right), ())
        shown = tag("ul", *map(_example, texts), class_="texts") if texts else None
        if not texts and not examples.why_none:
            shown = tag("p", NONE_OF_A_PAIR, class_="note")
        cards.append(tag("div", tag("h3", mixed_up(confusion)), shown, class_="card"))
    why_none = [tag("p", examples.why_none, class_="note below")] if examples.why_none else []
    return [tag("div", *cards, class_="grid"), *why_none]


def _example(example: MisclassifiedText) -> Element:
    sure = f"{percent(example.confidence, 0)} sure, window from {moment(example.window)}"
    return tag("li", tag("q", example.text), " ", tag("span", sure, class_="note"))

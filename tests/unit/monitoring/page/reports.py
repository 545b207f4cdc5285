"""Small makers of reports, and a reader of pages."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.bundle import BundleManifest, LinearSpec
from newsdesk.model.reference_profile import LENGTH_BINS, SHARE_BINS, ReferenceProfile
from newsdesk.monitoring.report import ClassFigures, Decision, DriftScore, Performance, Report, State, Window
from newsdesk.monitoring.significance import proportion

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DIGEST = "sha256:" + "ab" * 32
_VOID = {"meta", "br"}


def performance(right: int = 45, labelled: int = 50, texts: int = 200, estimated: float = 0.875) -> Performance:
    """How good some predictions were, half of them sport."""
    figures = {
        "politics": ClassFigures(labelled - labelled // 2, labelled // 2, right // 2),
        "sport": ClassFigures(labelled // 2, labelled - labelled // 2, right - right // 2),
    }
    categories = {"politics": texts // 2, "sport": texts - texts // 2}
    per_class = figures if labelled else {}
    share = proportion(right, labelled)
    return Performance(
        texts + 7, texts, estimated, share, per_class, categories, labelled, labelled - right, confidence=estimated
    )


def score(**changes: Any) -> DriftScore:
    """A score beyond its threshold."""
    usual: dict[str, Any] = {"feature": "top_terms", "score": 0.314, "threshold": 0.1, "p_value": 0.00002}
    return DriftScore(**(usual | {"detected": True, "detail": "lithium: 1% → 24%"} | changes))


def window(hours_ago: int, state: State = "none", **changes: Any) -> Window:
    """The hour that ended so many hours before noon."""
    end = NOON - hours_ago * HOUR
    scores = () if state == "too_few" else (score(detected=state != "none"),)
    usual = {"version": "3", "digest": DIGEST, "performance": performance(), "scores": scores, "state": state}
    return Window(**({"start": end - HOUR, "end": end} | usual | changes))


def report(*windows: Window, **changes: Any) -> Report:
    """A report as of noon."""
    usual: dict[str, Any] = {
        "at": NOON,
        "version": "3",
        "digest": DIGEST,
        "test_accuracy": 0.9,
        "windows": windows,
        "days": windows[-1:],
        "by_version": {},
        "by_arm": {},
        "labels": {},
        "decision": Decision(False, "0 of the newest 6 judged windows are bad.", 0, 6, 12),
    }
    return Report(**(usual | changes))


def manifest(*categories: str, has_profile: bool = True) -> BundleManifest:
    """The manifest of the champion, which was tested on ten articles of each category, and sure of all of them."""
    names = categories or ("politics", "sport")
    count = 10 * len(names)
    profile = ReferenceProfile(
        articles=count,
        categories=dict.fromkeys(names, 10),
        confidence=[0] * (SHARE_BINS - 1) + [count],
        text_length=[count] + [0] * (LENGTH_BINS - 1),
        known_words=[0] * (SHARE_BINS - 1) + [count],
        languages={"en": count},
    )
    return BundleManifest(
        digest=DIGEST,
        trained_at=NOON - 48 * HOUR,
        model_name="naive_bayes",
        model_type="MultinomialNB",
        classes=[*names],
        feature_count=10,
        text_cleaning=TextCleaning(),
        tfidf=TfidfConfig(),
        classifier=LinearSpec(link="softmax"),
        metrics={"accuracy": 0.9},
        dataset_version="test",
        files={},
        profile=profile if has_profile else None,
    )


@dataclass
class Page(HTMLParser):
    """What a browser finds in a page. Raises `AssertionError` where its tags do not nest."""

    html: str
    tags: Counter[str] = field(default_factory=Counter)
    attributes: list[tuple[str, str]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    tables: list[list[list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.feed(self.html)
        self.close()
        assert self._open == []

    @property
    def text(self) -> str:
        """All that can be read, but the style."""
        return " ".join(text for name, texts in self.texts.items() if name != "style" for text in texts)

    def table(self, caption: str) -> list[list[str]]:
        """The rows of the table with a caption."""
        return next(table for table in self.tables if table[0] == [caption])[1:]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "table":
            self.tables.append([])
        elif tag in ("tr", "caption"):
            self.tables[-1].append([])
        if tag in ("th", "td", "caption"):
            self.tables[-1][-1].append("")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)
            if "table" in self._open and {"th", "td", "caption"} & {*self._open}:
                self.tables[-1][-1][-1] += data

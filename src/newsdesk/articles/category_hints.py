"""Categories that look like something else than a category of their own. Which they are is not for a program to say: it
points them out, with the lines of configuration that would merge them or leave them out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from newsdesk.articles.category import category_key, describe_similar_categories, similar_categories, spelling_groups
from newsdesk.articles.category_rules import CategoryRules

_NONE = frozenset(
    {"n/a", "na", "#n/a", "none", "null", "nil", "nan", "undefined", "unknown", "uncategorized", "uncategorised"}
    | {"unlabeled", "unlabelled", "unclassified", "no category", "not available", "not applicable", "tbd", "todo"}
    | {"?", "??", "-", "--", "---", "\u2013", "\u2014", "."}
)
_SURE, _LIKELY = re.compile(r"\s*[;|]\s*"), re.compile(r"\s*[;|,/]\s*")
_SHORTEST = 3  # letters of a word that has a plural
_NO_PLURALS = frozenset({"new"})


@dataclass(frozen=True)
class CategoryHint:
    """Categories, with their articles, that look like one category, like none, or like several in one."""

    looks_like: Literal["one", "none", "several"]
    categories: Mapping[str, int]

    @property
    def sentence(self) -> str:
        """For people."""
        if self.looks_like == "one" and similar_categories(self.categories) == [self.categories]:
            return describe_similar_categories(self.categories)
        if self.looks_like == "one":
            *others, last = (f"'{category}' ({count:,})" for category, count in self.categories.items())
            return f"{', '.join(others)} and {last} look like one category."
        ((category, count),) = self.categories.items()
        like = "no category" if self.looks_like == "none" else "several categories in one"
        return f"'{category}' ({count:,}) looks like {like}."

    def as_dict(self) -> dict[str, Any]:
        """As JSON-serialisable values."""
        return {"looks_like": self.looks_like, "categories": dict(self.categories)}


def category_hints(counts: Mapping[str, int], rules: CategoryRules) -> list[CategoryHint]:
    """Of categories with their articles, but for those that the configuration names as they are."""
    candidates = {category: count for category, count in counts.items() if not rules.is_deliberate(category)}
    hints = [CategoryHint("one", group) for group in _group_similar(candidates)]
    known = {category_key(category) for category in counts}
    for category in sorted(candidates):
        if category_key(category) in _NONE:
            hints.append(CategoryHint("none", {category: counts[category]}))
        elif _is_several(category, known):
            hints.append(CategoryHint("several", {category: counts[category]}))
    return hints


def hint_lines(hints: Iterable[CategoryHint], rules: CategoryRules) -> Iterator[str]:
    """The hints as sentences, and the lines for `pipeline_config.yaml` that would do as they suggest."""
    hints = list(hints)
    for hint in hints:
        yield hint.sentence
    if not hints:
        return
    aliases, exclude = dict(rules.categories.aliases), list(rules.categories.exclude)
    for hint in hints:
        if hint.looks_like == "one":
            first, *others = hint.categories
            aliases |= dict.fromkeys(others, first)
        else:
            exclude += hint.categories
    settings = {name: value for name, value in (("aliases", aliases), ("exclude", exclude)) if value}
    yield "To merge them, or to leave them out, put what is right of this into configs/pipeline_config.yaml:"
    content = {"data_pipeline": {"categories": settings}}
    yield from yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000).splitlines()


def _group_similar(counts: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Groups of several that differ by spelling, or as a word and its plural do; the most articles first."""
    groups = spelling_groups(counts)
    for key in list(groups):
        plural = next((form for form in _plurals(key) if form in groups), None)
        if plural:
            groups[plural] |= groups.pop(key)
    for group in groups.values():
        if len(group) > 1:
            yield dict(sorted(group.items(), key=lambda item: (-item[1], item[0])))


def _plurals(key: str) -> list[str]:
    if len(key) < _SHORTEST or key in _NO_PLURALS:
        return []
    return [f"{key}s", f"{key}es", *([f"{key[:-1]}ies"] if key.endswith("y") else [])]


def _is_several(category: str, known: set[str]) -> bool:
    """`business;politics`; with a comma or a slash, which names may have, only of categories that there are."""
    certain = list(filter(None, _SURE.split(category)))
    if len(certain) > 1:
        return True
    parts = [category_key(part) for part in _LIKELY.split(category)]
    return len(parts) > 1 and known.issuperset(parts)

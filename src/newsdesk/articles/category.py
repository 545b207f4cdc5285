"""Clean and compare categories, from a table, a file of labels or an editor over HTTP."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

MAX_LENGTH = 200  # characters
_MAX_PARTS = 4  # characters that Unicode composes into one

# What nobody can see at either end: Unicode's White_Space, the four separators that Python counts to it, and signs
# of no width. Inside they stay: they join letters in some scripts, and parts of an emoji.
_BLANK = r"\t-\r\u001c-\u001f \u0085\u00a0\u00ad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u2066-\u2069\u3000\ufeff"
_CONTROL = r"\u0000-\u001f\u007f-\u009f\u2028\u2029"
_BLANKS = "".join(filter(re.compile(f"[{_BLANK}]").match, map(chr, range(0x10000))))
_DASHES = re.compile(r"[\s_\-\u2010-\u2015]+")
_FINAL = " .,;:!?/\\"  # at the end; `C++` and `C#` are other things than `C`
# Where one may break a line, and which way one reads: not the joiners, which change letters and emoji.
_unseen = re.compile(r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_controls = re.compile(f"[{_CONTROL}]")

# The same as a regular expression in the dialect that JSON Schema and Python share.
PATTERN = f"^[{_BLANK}]*[^{_BLANK}{_CONTROL}]([^{_CONTROL}]*[^{_BLANK}{_CONTROL}])?[{_BLANK}]*$"


class InvalidCategory(ValueError):  # noqa: N818 - the caller's doing
    """Why a text is no category, without repeating the text."""


class BlankCategory(InvalidCategory):
    """The category has no visible character."""


def clean_category(text: str) -> str:
    """The category as it is kept: without blanks around it, its characters composed (NFC). Doing it twice changes
    nothing. Raises `InvalidCategory` for what is blank, too long, or holds a line break or another control character.
    """
    text = text.strip(_BLANKS)
    category = unicodedata.normalize(
        "NFC", text[: _MAX_PARTS * MAX_LENGTH + 1]
    )  # slow for a million marks on one letter
    if not category:
        raise BlankCategory("The category is blank: name one")
    if _controls.search(category):
        raise InvalidCategory("The category holds a line break or another control character: remove it")
    if len(category) > MAX_LENGTH or len(text) > _MAX_PARTS * MAX_LENGTH:
        raise InvalidCategory(f"The category is longer than {MAX_LENGTH} characters: shorten it")
    return category


def category_key(category: str) -> str:
    """Equal for categories that differ by case, blanks, the width of characters and signs that nobody sees alone."""
    return " ".join(unicodedata.normalize("NFKC", _unseen.sub("", category)).casefold().split())


def spelling_groups(counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """What categories share → those (name → articles, the most first) that differ by case, blanks, dashes or
    punctuation at their end alone."""
    groups: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for category, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        key = category_key(category)
        groups[_DASHES.sub(" ", key).rstrip(_FINAL) or key][category] = count
    return groups


def similar_categories(counts: Mapping[str, int]) -> list[dict[str, int]]:
    """Groups of several such categories. Most likely each group is one; but who says so is not a program."""
    return [group for group in spelling_groups(counts).values() if len(group) > 1]


def describe_similar_categories(group: Mapping[str, int]) -> str:
    """What a user has to know of such a group."""
    *others, last = (f"'{category}' ({count:,})" for category, count in group.items())
    return (
        f"{', '.join(others)} and {last} differ by case, blanks or punctuation alone, and are categories of their own: "
        "write them alike where they mean the same."
    )


class Spellings:
    """How categories are spelt that are known already."""

    def __init__(self, known: Iterable[str], resolve: Callable[[str], str | None] = str) -> None:
        """`resolve`: what a category becomes by configuration, None where it is left out (`CategoryRules.of`)."""
        self._known, self._resolve = frozenset(known), resolve
        by_key = defaultdict(set)
        for category in self._known:
            by_key[self._key(category)].add(category)
        self._by_key = {key: spellings.pop() for key, spellings in by_key.items() if len(spellings) == 1}

    def of(self, category: str) -> str:
        """The known category that is meant: the same, else the only one that differs by case and blanks alone, or by
        what both mean; what is meant is left as it is where none does, or several do."""
        return category if category in self._known else self._by_key.get(self._key(category), category)

    def _key(self, category: str) -> str:
        return category_key(self._resolve(category) or category)

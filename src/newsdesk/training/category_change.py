"""How the categories of a challenger differ from the champion's: a case of its own for the gate."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, Literal

from newsdesk.articles.category import category_key
from newsdesk.config.category_change import CategoryAction, OnCategoryChange

ChangeKind = Literal["added", "lost", "disjoint"]

_ALIKE = 0.8  # of difflib's ratio: `sport` and `sports` have 0.91, `1` and `10` 0.67
_MOST_NAMES = 5


@dataclass(frozen=True)
class CategoryChange:
    """Categories that both models know; that only the challenger knows (`added`); that only the champion knows
    (`lost`); and `renamed`, pairs (the champion's, the challenger's) of these that are spelt nearly alike."""

    shared: tuple[str, ...]
    added: tuple[str, ...]
    lost: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.lost)

    @property
    def kinds(self) -> tuple[ChangeKind, ...]:
        """What happened. Where nothing is shared, the two cannot be compared, and nothing else matters."""
        if self and not self.shared:
            return ("disjoint",)
        happened: dict[ChangeKind, tuple[str, ...]] = {"added": self.added, "lost": self.lost}
        return tuple(kind for kind, names in happened.items() if names)

    def action(self, rules: OnCategoryChange) -> CategoryAction:
        """What is to be done about it: the strictest of what the rules say about each kind."""
        said = {getattr(rules, kind) for kind in self.kinds}
        return "refuse" if "refuse" in said else "ask" if "ask" in said else "promote"

    def __str__(self) -> str:
        """What the challenger knows, beginning with a verb; blank where nothing changed."""
        if self.kinds == ("disjoint",):
            ids = ", which look like ids of classes" if all(name.isdecimal() for name in self.added) else ""
            none = f"knows none of the champion's categories ({_named(self.lost)}), but {_named(self.added)}{ids}"
            return ", ".join([none, *self._alike()])
        told = []
        if self.added:
            told.append(f"knows {_counted(self.added)} that the champion does not ({_named(self.added)})")
        if self.lost:
            told.append(f"does not know {_counted(self.lost)} that the champion does ({_named(self.lost)})")
        return ", ".join([*told, *self._alike()])

    def _alike(self) -> list[str]:
        return [f"'{now}' may be what was '{before}'" for before, now in self.renamed[:_MOST_NAMES]]

    def as_dict(self) -> dict[str, Any]:
        """Such that JSON can hold it."""
        return {"kinds": self.kinds} | asdict(self)


def compare_categories(champion: Iterable[str], challenger: Iterable[str]) -> CategoryChange:
    """What changed from the champion's categories to the challenger's."""
    before, now = set(champion), set(challenger)
    lost, added = sorted(before - now), sorted(now - before)
    return CategoryChange(tuple(sorted(before & now)), tuple(added), tuple(lost), tuple(_renamed(lost, added)))


def _renamed(lost: list[str], added: list[str]) -> Iterator[tuple[str, str]]:
    by_key = {category_key(name): name for name in reversed(added)}
    for name in lost:
        for match in get_close_matches(category_key(name), by_key, n=1, cutoff=_ALIKE):
            yield name, by_key.pop(match)


def _counted(names: tuple[str, ...]) -> str:
    return "1 category" if len(names) == 1 else f"{len(names)} categories"


def _named(names: tuple[str, ...]) -> str:
    rest = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")

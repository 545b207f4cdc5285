"""How the categories of a challenger differ from the champion's: a case of its own for the gate."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any, Literal

from newsdesk.articles.category import category_key
from newsdesk.config.category_change import CategoryAction, OnCategoryChange

ChangeKind = Literal["added", "lost", "disjoint"]

_MIN_SIMILARITY = 0.8  # of difflib's ratio: `sport` and `sports` have 0.91, `1` and `10` 0.67
_MAX_NAMES = 5


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
        """The kinds of change. Where nothing is shared, the models cannot be compared, and no other kind matters."""
        if self and not self.shared:
            return ("disjoint",)
        names_by_kind: dict[ChangeKind, tuple[str, ...]] = {"added": self.added, "lost": self.lost}
        return tuple(kind for kind, names in names_by_kind.items() if names)

    def action(self, rules: OnCategoryChange) -> CategoryAction:
        """The action to take: the strictest that the rules give for its kinds of change."""
        actions = {getattr(rules, kind) for kind in self.kinds}
        return "refuse" if "refuse" in actions else "ask" if "ask" in actions else "promote"

    def __str__(self) -> str:
        """What the challenger knows, beginning with a verb; blank where nothing changed."""
        if self.kinds == ("disjoint",):
            ids = ", which look like ids of classes" if all(name.isdecimal() for name in self.added) else ""
            none = f"knows none of the champion's categories ({_names(self.lost)}), but {_names(self.added)}{ids}"
            return ", ".join([none, *self._list_renamings()])
        parts = []
        if self.added:
            parts.append(f"knows {_count(self.added)} that the champion does not ({_names(self.added)})")
        if self.lost:
            parts.append(f"does not know {_count(self.lost)} that the champion does ({_names(self.lost)})")
        return ", ".join([*parts, *self._list_renamings()])

    def _list_renamings(self) -> list[str]:
        return [f"'{now}' may be what was '{before}'" for before, now in self.renamed[:_MAX_NAMES]]

    def as_dict(self) -> dict[str, Any]:
        """As JSON-serialisable values."""
        return {"kinds": self.kinds} | asdict(self)


def compare_categories(champion: Iterable[str], challenger: Iterable[str]) -> CategoryChange:
    """What changed from the champion's categories to the challenger's."""
    before, now = set(champion), set(challenger)
    lost, added = sorted(before - now), sorted(now - before)
    return CategoryChange(tuple(sorted(before & now)), tuple(added), tuple(lost), tuple(_find_renamed(lost, added)))


def _find_renamed(lost: list[str], added: list[str]) -> Iterator[tuple[str, str]]:
    by_key = {category_key(name): name for name in reversed(added)}
    for name in lost:
        for match in get_close_matches(category_key(name), by_key, n=1, cutoff=_MIN_SIMILARITY):
            yield name, by_key.pop(match)


def _count(names: tuple[str, ...]) -> str:
    return "1 category" if len(names) == 1 else f"{len(names)} categories"


def _names(names: tuple[str, ...]) -> str:
    rest = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {rest} more" if rest > 0 else "")

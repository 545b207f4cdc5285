"""Categories merged, renamed and left out, as `data_pipeline.categories` says, whoever says them: tables, files of
labels, or editors. Two names are one here where `category_key` is equal."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from pydantic import BaseModel, ConfigDict

from newsdesk.articles.category import InvalidCategory, category_key, clean_category
from newsdesk.config.pipeline_config import Categories
from newsdesk.errors import ConfigError

SETTING = "data_pipeline.categories"


class CategoryRules:
    """What becomes of a category."""

    def __init__(self, categories: Categories) -> None:
        """Raises `ConfigError`, naming the key, for aliases that go in a circle or contradict each other."""
        self.categories = categories
        self._aliases = _aliases(categories)
        self._excluded = {category_key(_clean(name, "exclude")) for name in categories.exclude}
        for key in self._aliases.keys() & self._excluded:
            raise _mistake(f"aliases.{self._aliases[key][0]}", "it is in 'exclude', too. Keep one of both")
        self._meant: dict[str, str] = {}
        for key, (name, _) in self._aliases.items():
            self._name(key, self._end_of(key), name)

    def of(self, category: str) -> str | None:
        """The category that is meant; None where its articles are left out."""
        if not self._meant and not self._excluded:
            return category
        key = category_key(category)
        meant = self._meant.get(key, category)
        return None if key in self._excluded or category_key(meant) in self._excluded else meant

    def among(self, said: Iterable[str]) -> list[str]:
        """What several categories come to, each once."""
        return list(dict.fromkeys(meant for category in said if (meant := self.of(category)) is not None))

    def is_deliberate(self, category: str) -> bool:
        """Whether the configuration names it as its own: `sports: sports`."""
        alias = self._aliases.get(category_key(category))
        return alias == (category, category)

    def changes(self, said: Iterable[str]) -> "CategoryChanges":
        """What the rules come to for the categories of these articles, as they were said."""
        renamed: defaultdict[str, dict[str, int]] = defaultdict(dict)
        left_out, used = {}, set()
        for category, count in Counter(said).items():
            meant = self.of(category)
            used |= self._on_the_way(category_key(category))
            if meant is None:
                left_out[category] = count
            elif meant != category:
                renamed[meant][category] = count
        named = [*self.categories.aliases, *self.categories.exclude]
        return CategoryChanges(
            aliases=self.categories.aliases,
            exclude=self.categories.exclude,
            renamed=dict(renamed),
            left_out=left_out,
            unused=[name for name in named if category_key(name) not in used],
        )

    def _end_of(self, key: str) -> str:
        """Where an alias leads to, by way of others."""
        way = [key]
        while (following := category_key(self._aliases[way[-1]][1])) in self._aliases and following != way[-1]:
            if following in way:
                names = " → ".join(self._aliases[one][0] for one in (*way, following))
                raise _mistake(f"aliases.{self._aliases[key][0]}", f"it goes in a circle ({names}). Remove one of them")
            way.append(following)
        return self._aliases[way[-1]][1]

    def _name(self, key: str, meant: str, alias: str) -> None:
        """A category that the configuration names is spelt as it is there."""
        known = self._meant.setdefault(category_key(meant), meant)
        if known != meant:
            raise _mistake(f"aliases.{alias}", f"it is written '{meant}' here, and '{known}' elsewhere. Write it alike")
        self._meant[key] = meant

    def _on_the_way(self, key: str) -> set[str]:
        """The keys of a category and of the aliases that it goes through."""
        way = {key}
        while key in self._aliases:
            key = category_key(self._aliases[key][1])
            if key in way:
                break
            way.add(key)
        return way


class CategoryChanges(BaseModel):
    """What `data_pipeline.categories` came to: `renamed` category → how it was said → articles; `left_out`: how it was
    said → rows; `unused`: names in the configuration that no article has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    aliases: dict[str, str] = {}
    exclude: list[str] = []
    renamed: dict[str, dict[str, int]] = {}
    left_out: dict[str, int] = {}
    unused: list[str] = []

    @property
    def is_empty(self) -> bool:
        """Whether there are no rules."""
        return not self.aliases and not self.exclude

    def sentences(self) -> Iterator[str]:
        """For people."""
        for meant, said in self.renamed.items():
            yield f"{_counted(said)} became '{meant}' ({SETTING}.aliases)."
        if self.left_out:
            yield f"Left out: {_counted(self.left_out)} ({SETTING}.exclude)."
        if self.unused:
            named = ", ".join(f"'{name}'" for name in self.unused)
            yield f"Nothing is called {named} here: look whether {SETTING} says what you mean."


def _aliases(categories: Categories) -> dict[str, tuple[str, str]]:
    """Key → alias and what it stands for."""
    found: dict[str, tuple[str, str]] = {}
    for name, meant in categories.aliases.items():
        meant = _clean(meant, f"aliases.{name}")
        first = found.setdefault(category_key(_clean(name, f"aliases.{name}")), (name, meant))
        if first[1] != meant:
            raise _mistake(f"aliases.{name}", f"'{first[0]}', which is the same, means '{first[1]}'. Keep one of both")
    return found


def _clean(name: str, key: str) -> str:
    try:
        return clean_category(name)
    except InvalidCategory as error:
        raise _mistake(key, str(error)) from error


def _mistake(key: str, problem: str) -> ConfigError:
    return ConfigError(f"pipeline_config.yaml: '{SETTING}.{key}': {problem}.")


def _counted(said: dict[str, int]) -> str:
    return ", ".join(f"'{category}' ({count:,})" for category, count in sorted(said.items(), key=lambda one: -one[1]))


NO_RULES = CategoryRules(Categories())

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
        self._canonical: dict[str, str] = {}
        for key, (name, _) in self._aliases.items():
            self._set_canonical(key, self._resolve(key), name)

    def of(self, category: str) -> str | None:
        """The category that is meant; None where its articles are left out."""
        if not self._canonical and not self._excluded:
            return category
        key = category_key(category)
        canonical = self._canonical.get(key, category)
        return None if key in self._excluded or category_key(canonical) in self._excluded else canonical

    def among(self, categories: Iterable[str]) -> list[str]:
        """What several categories come to, each once."""
        return list(dict.fromkeys(canonical for category in categories if (canonical := self.of(category)) is not None))

    def is_deliberate(self, category: str) -> bool:
        """Whether the configuration names it as its own: `sports: sports`."""
        alias = self._aliases.get(category_key(category))
        return alias == (category, category)

    def changes(self, categories: Iterable[str]) -> "CategoryChanges":
        """What the rules come to for the categories of these articles, as they were said."""
        renamed: defaultdict[str, dict[str, int]] = defaultdict(dict)
        left_out, used = {}, set()
        for category, count in Counter(categories).items():
            canonical = self.of(category)
            used |= self._alias_chain(category_key(category))
            if canonical is None:
                left_out[category] = count
            elif canonical != category:
                renamed[canonical][category] = count
        names = [*self.categories.aliases, *self.categories.exclude]
        return CategoryChanges(
            aliases=self.categories.aliases,
            exclude=self.categories.exclude,
            renamed=dict(renamed),
            left_out=left_out,
            unused=[name for name in names if category_key(name) not in used],
        )

    def _resolve(self, key: str) -> str:
        """Where an alias leads to, by way of others."""
        chain = [key]
        while (following := category_key(self._aliases[chain[-1]][1])) in self._aliases and following != chain[-1]:
            if following in chain:
                names = " → ".join(self._aliases[step][0] for step in (*chain, following))
                raise _mistake(f"aliases.{self._aliases[key][0]}", f"it goes in a circle ({names}). Remove one of them")
            chain.append(following)
        return self._aliases[chain[-1]][1]

    def _set_canonical(self, key: str, canonical: str, alias: str) -> None:
        """A category that the configuration names is spelt as it is there."""
        earlier = self._canonical.setdefault(category_key(canonical), canonical)
        if earlier != canonical:
            raise _mistake(
                f"aliases.{alias}", f"it is written '{canonical}' here, and '{earlier}' elsewhere. Write it alike"
            )
        self._canonical[key] = canonical

    def _alias_chain(self, key: str) -> set[str]:
        """The keys of a category and of the aliases that it goes through."""
        chain = {key}
        while key in self._aliases:
            key = category_key(self._aliases[key][1])
            if key in chain:
                break
            chain.add(key)
        return chain


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
        for canonical, spellings in self.renamed.items():
            yield f"{_list_counts(spellings)} became '{canonical}' ({SETTING}.aliases)."
        if self.left_out:
            yield f"Left out: {_list_counts(self.left_out)} ({SETTING}.exclude)."
        if self.unused:
            names = ", ".join(f"'{name}'" for name in self.unused)
            yield f"Nothing is called {names} here: look whether {SETTING} says what you mean."


def _aliases(categories: Categories) -> dict[str, tuple[str, str]]:
    """Key → alias and what it stands for."""
    aliases: dict[str, tuple[str, str]] = {}
    for name, canonical in categories.aliases.items():
        canonical = _clean(canonical, f"aliases.{name}")
        first = aliases.setdefault(category_key(_clean(name, f"aliases.{name}")), (name, canonical))
        if first[1] != canonical:
            raise _mistake(f"aliases.{name}", f"'{first[0]}', which is the same, means '{first[1]}'. Keep one of both")
    return aliases


def _clean(name: str, key: str) -> str:
    try:
        return clean_category(name)
    except InvalidCategory as error:
        raise _mistake(key, str(error)) from error


def _mistake(key: str, problem: str) -> ConfigError:
    return ConfigError(f"pipeline_config.yaml: '{SETTING}.{key}': {problem}.")


def _list_counts(counts: dict[str, int]) -> str:
    return ", ".join(
        f"'{category}' ({count:,})" for category, count in sorted(counts.items(), key=lambda item: -item[1])
    )


NO_RULES = CategoryRules(Categories())

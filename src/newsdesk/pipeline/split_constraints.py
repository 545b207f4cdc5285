"""The stories of a retraining set that a model may be measured on."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from newsdesk.articles.article import LabelledArticle
from newsdesk.articles.splits import Split


@dataclass(frozen=True)
class SplitConstraints:
    """What a retraining owes to the model that it is measured against. Stories are known by their keys.

    `never_test`: what that model has learnt from. `only_train`: what nothing is measured on, not even candidates.
    `always_test`: what that model was measured on. `guard`: articles as nobody outside could label them; None where
    nobody outside had a hand in anything. `unvouched`: what has a label of callers alone whom no administrator vouches
    for.
    """

    never_test: Collection[str] = ()
    only_train: Collection[str] = ()
    always_test: Collection[str] = ()
    guard: Mapping[str, LabelledArticle] | None = None
    unvouched: Collection[str] = ()

    def apply(self, splits: dict[str, Split], categories: Mapping[str, str]) -> None:
        """Move stories to the splits where they belong; every category keeps at least one to learn from."""
        splits |= dict.fromkeys((key for key in self.never_test if splits.get(key) == "test"), "train")
        splits |= dict.fromkeys((key for key in self.only_train if key in splits), "train")
        splits |= dict.fromkeys((key for key in self.always_test if key in splits), "test")
        trained = {categories[key] for key, split in splits.items() if split == "train"}
        for key, split in splits.items():
            if split == "validation" and categories[key] not in trained:
                splits[key] = "train"
                trained.add(categories[key])


UNCONSTRAINED = SplitConstraints()  # nobody is measured against anybody

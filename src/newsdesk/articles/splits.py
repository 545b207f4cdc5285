"""Divide stories into train, validation and test."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Literal, get_args

Split = Literal["train", "validation", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


def assign_splits(categories: Mapping[str, str], *, validation: float, test: float, seed: int) -> dict[str, Split]:
    """Story key → split, for story key → category.

    A story's place depends on its key and the seed alone: it does not move when rows are reordered or others are added,
    so that a model is never tested on a story that an earlier one was trained on. Only where a category would be
    missing from a split does its story with the fitting rank move. Every category needs three stories or more.
    """
    by_category: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
    for key, category in categories.items():
        by_category[category].append((_position(key, seed), key))
    splits: dict[str, Split] = {}
    for ranked in by_category.values():
        ranked.sort()
        assigned: list[Split] = [
            "test" if position < test else "validation" if position < test + validation else "train"
            for position, _ in ranked
        ]
        if "test" not in assigned:
            assigned[0] = "test"
        if "train" not in assigned:
            assigned[-1] = "train"
        if "validation" not in assigned:
            assigned[assigned.count("test") - 1 if assigned.count("test") > 1 else 1] = "validation"
        splits.update(zip((key for _, key in ranked), assigned, strict=True))
    return splits


def _position(key: str, seed: int) -> float:
    """A number in [0, 1) that looks random and is always the same for this key and seed."""
    digest = hashlib.sha256(f"{seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64

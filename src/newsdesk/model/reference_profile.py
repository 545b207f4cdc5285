"""The reference profile of a model: what the articles were like on which it was measured, to compare others with."""

from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

WATCHED_TERMS = "watched_terms"  # tensor of a bundle: the columns of the terms that are watched
REFERENCE_SAMPLE = "reference_sample"  # tensor of a bundle: a row of bits an article, one bit a watched term
MOST_WATCHED = 512  # terms
MOST_SAMPLED = 2000  # articles
SHARE_BINS = 20  # equal ones
LENGTH_BINS = 21  # each twice as wide as the one before; the last also holds what is longer

Counts = dict[str, Annotated[int, Field(ge=0)]]
Histogram = list[Annotated[int, Field(ge=0)]]
_Shares = Annotated[Histogram, Field(min_length=SHARE_BINS, max_length=SHARE_BINS)]
_Lengths = Annotated[Histogram, Field(min_length=LENGTH_BINS, max_length=LENGTH_BINS)]


class ReferenceProfile(BaseModel):
    """How many of the test articles were predicted to be, were as sure, as long and so on.

    `known_words` counts them by the share of their words that the model knows; `language_detector` is what told their
    languages, and None where that was Newsdesk's own guess, before format 5.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    articles: int = Field(ge=1)
    categories: Counts
    confidence: _Shares
    text_length: _Lengths
    known_words: _Shares
    languages: Counts
    language_detector: str | None = None


class TextStats(NamedTuple):
    """What a text is like for a model: the share of its words that the model knows, and which of the watched terms it
    has, as bits in hexadecimal."""

    known_share: float
    terms: str


def share_bins(shares: NDArray[np.float64]) -> NDArray[np.intp]:
    """The number of the bin of each share, 0 to 1."""
    return np.clip(shares * SHARE_BINS, 0, SHARE_BINS - 1).astype(np.intp)


def length_bins(lengths: NDArray[np.int64]) -> NDArray[np.intp]:
    """The number of the bin of each length in characters."""
    return np.clip(np.log2(np.maximum(lengths, 1)), 0, LENGTH_BINS - 1).astype(np.intp)


def unpack_bits(terms: str) -> NDArray[np.uint8]:
    """The row of packed bits that `TextStats.terms` writes in hexadecimal. Raises `ValueError`."""
    return np.frombuffer(bytes.fromhex(terms), dtype=np.uint8)

"""How a bundle is held against the scikit-learn pipeline it was made from."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st
from sklearn.pipeline import Pipeline

from newsdesk.model.predictor import Predictor
from newsdesk.sample import CATEGORIES, read_articles
from newsdesk.text.cleaning import Cleaner, join_title_and_text

EXACT = 1e-9
TRAINED_ON = 12  # articles of each category; all others are unseen

# Words that cleaning treats in a special way: lemmas of one letter, digits, stop words, accents in pieces, capitals.
TRICKY = [
    "us",
    "as",
    "2s",
    "2026",
    "٣٤",
    "İstanbul",
    "ΑΣ",
    "cafe\u0301",
    "T\u0308",
    "championships",
    "Banks",
    "__",
    "x",
    "ban\u00adks",
    "cham\u200bpion\u200cships",
    "雨\u200b",
]
SEPARATORS = [
    " ",
    " ",
    " ",
    "\n\n",
    "-",
    "'",
    "_",
    "\u00a0",
    "",
    "\u0301",
    "\ud800",
    "\0",
    ".",
    "\u00ad",
    "\u200d",
    "\ufeff",
]


def unseen_texts(per_category: int = 12) -> list[str]:
    """Articles of the sample corpus that nothing here is trained on, labelled and not."""
    return [
        join_title_and_text(article.title, article.text)
        for name in (*CATEGORIES, "unlabelled")
        for article in list(read_articles(name))[-per_category:]
    ]


def wild_texts() -> st.SearchStrategy[str]:
    """Words of the corpus between any characters that a Python string can hold, lone surrogates among them."""
    known = sorted({word for text in unseen_texts(2) for word in text.split()})
    words = st.sampled_from(known) | st.sampled_from(TRICKY) | st.text(st.characters(), max_size=6)
    pieces = st.lists(st.tuples(words, st.sampled_from(SEPARATORS)), max_size=25)
    return pieces.map(lambda pairs: "".join(word + separator for word, separator in pairs))


def largest_difference(predictor: Predictor, pipeline: Pipeline, texts: Sequence[str]) -> float:
    """The largest distance between a probability of the bundle and the pipeline's for the same text."""
    clean = Cleaner(predictor.bundle.manifest.text_cleaning).clean
    expected = pipeline.predict_proba([clean(text) for text in texts])
    return float(np.abs(predictor.predict_proba(texts) - expected).max())

"""The lemma table: every English noun form that NLTK's `WordNetLemmatizer` changes, with what it changes it to.

The set is finite, so it ships with the package and nothing is downloaded while running; `newsdesk data build-lemmas`
writes it again from WordNet (see `wordnet.py`). Forms of more than one word are left out: no token is one.
"""

import gzip
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

TABLE = "data/noun_lemmas.txt.gz"


@cache
def noun_lemmas() -> Mapping[str, str]:
    """Form → lemma, for single lower-case words; a form that is absent is its own lemma."""
    return read_table(files(__package__).joinpath(TABLE).read_bytes())


def read_table(packed: bytes) -> Mapping[str, str]:
    """Unpack what `pack_table` packed."""
    lines = gzip.decompress(packed).decode("utf-8").splitlines()
    return MappingProxyType(dict(line.split(" ") for line in lines))


def pack_table(lemmas: Mapping[str, str]) -> bytes:
    """One `form lemma` a line, sorted, compressed so that the same table gives the same bytes."""
    lines = "".join(f"{form} {lemma}\n" for form, lemma in sorted(lemmas.items()))
    return gzip.compress(lines.encode("utf-8"), mtime=0)


def shipped_table() -> Path:
    """Where the table of this installation lies."""
    return Path(str(files(__package__).joinpath(TABLE)))

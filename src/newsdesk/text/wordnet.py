"""Build the lemma table from WordNet with NLTK's own `WordNetLemmatizer`. The only module that imports NLTK."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from newsdesk.errors import UsageError

DEBIAN_WORDNET = Path("/usr/share/wordnet")


def build_noun_lemmas(wordnet: Path) -> dict[str, str]:
    """Every single-word form that `WordNetLemmatizer` changes, with its lemma.

    `wordnet` is a folder with WordNet's database files (Debian: `apt-get install wordnet-base wordnet-sense-index`).
    A form can only change if some WordNet noun, run backwards through a suffix rule, gives it, or if the exception
    list names it.
    """
    with nltk_wordnet(wordnet) as reader:
        return dict(changed_forms(reader))


def changed_forms(reader: Any) -> Iterator[tuple[str, str]]:
    """Each single-word form whose lemma differs from it, with the lemma."""
    from nltk.stem import WordNetLemmatizer

    lemmatize = WordNetLemmatizer().lemmatize
    for form in sorted(noun_forms(reader)):
        lemma = lemmatize(form)
        if lemma != form:
            yield form, lemma


def noun_forms(reader: Any) -> set[str]:
    """All single-word forms that WordNet's suffix rules or exception list could lead back to one of its nouns."""
    rules = reader.MORPHOLOGICAL_SUBSTITUTIONS["n"]
    nouns = set(reader.all_lemma_names(pos="n"))
    forms = nouns | set(reader._exception_map["n"])  # the reader has no public way to its exception list
    for noun in nouns:
        forms.update(noun[: len(noun) - len(new)] + old for old, new in rules if noun.endswith(new))
    return {form for form in forms if form.isalnum()}


@contextmanager
def nltk_wordnet(wordnet: Path) -> Iterator[Any]:
    """NLTK's reader over WordNet's files, laid out as NLTK wants them for the length of a `with` block.

    NLTK refuses symbolic links out of its data folder, so the files are copied.
    """
    try:
        import nltk
    except ImportError as error:
        raise UsageError("Building the lemma table needs NLTK: pip install 'newsdesk[lemmas]'.") from error
    parts = ("noun", "verb", "adj", "adv")
    names = [f"{kind}.{part}" for kind in ("data", "index") for part in parts] + [f"{part}.exc" for part in parts]
    names += ["index.sense", "cntlist.rev"]
    missing = [name for name in names if not (wordnet / name).is_file()]
    if missing:
        raise UsageError(
            f"{wordnet} has no {missing[0]}: name a folder with WordNet's database files "
            "(Debian: apt-get install wordnet-base wordnet-sense-index)."
        )
    with TemporaryDirectory() as root:
        corpus = Path(root) / "corpora" / "wordnet"
        corpus.mkdir(parents=True)
        for name in names:
            shutil.copyfile(wordnet / name, corpus / name)
        # NLTK wants the list of WordNet's 45 lexicographer files, which Debian leaves out; only their number
        # matters here.
        (corpus / "lexnames").write_text("".join(f"{n:02d}\tfile{n:02d}\t1\n" for n in range(45)), encoding="ascii")
        nltk.data.path.insert(0, root)
        try:
            reader = nltk.corpus.wordnet
            reader.ensure_loaded()
            yield reader
        finally:
            nltk.data.path.remove(root)

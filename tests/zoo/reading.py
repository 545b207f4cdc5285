"""Read a file of the zoo as `newsdesk ingest` does."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from newsdesk.config.model_config import TextCleaning
from newsdesk.pipeline.progress import NoProgress
from newsdesk.pipeline.table_check import ArticleSource, CheckedTable, check_table
from tests.zoo.making import FOLDER
from tests.zoo.members import Member
from tests.zoo.stories import STORIES


def read_member(member: Member) -> CheckedTable:
    """Raises what reading it raises."""
    with TemporaryDirectory() as folder:
        labels = Path(folder) / "labels.csv" if member.labels else None
        if labels:
            labels.write_text("id,category\n" + "".join(f"{s.id},{s.category}\n" for s in STORIES), encoding="utf-8")
        source = ArticleSource(FOLDER / member.name, labels, member.columns, member.encoding)
        return check_table(source, TextCleaning(), NoProgress())


def found(checked: CheckedTable, *, title: bool) -> list[tuple[str, ...]]:
    """Text, category and, where asked for, title of each article; blanks are all alike."""
    articles = [item.article for item in checked.accepted]
    return sorted((_line(a.text), a.category, *([a.title] if title else [])) for a in articles)


def expected(member: Member) -> list[tuple[str, ...]]:
    """The same, as `member` is to have it."""
    return sorted(
        (
            _line(story.title if member.headlines else story.text.lower() if member.lower else story.text),
            member.categories.get(story.category, story.category),
            *([story.title] if member.title else []),
        )
        for story in STORIES
    )


def aside(checked: CheckedTable) -> dict[str, int]:
    """Reason → how many rows were set aside."""
    return dict(Counter(reason for row in checked.quarantined for reason in row.reasons))


def _line(text: str) -> str:
    return " ".join(text.split())

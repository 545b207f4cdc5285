"""The page about the zoo, for `docs/`: `python -m tests.zoo.page` writes it."""

import json
import re
import sys
from pathlib import Path

from newsdesk.errors import NewsdeskError
from tests.zoo.making import DOCUMENTED, FOLDER
from tests.zoo.members import MEMBERS, Member
from tests.zoo.reading import read_member

PAGE = Path(__file__).parents[2] / "docs" / "file-zoo.md"

_INTRODUCTION = """# Files of other tools

What becomes of {all} files as other tools write them: {untouched} are read as they are, {option} with an option, and
{refused} are refused with a sentence that says what to do. Where a tool can be installed, it made the file itself, in
the version that is told; the others are written as their makers document them. The files lie in `tests/fixtures/zoo/`,
and the suite reads each of them. `python -m tests.zoo` makes them anew (with what `requirements/zoo.txt` pins, and
LibreOffice), `python -m tests.zoo.page` this page.

| tool | made by | format | file | what becomes of it |
|---|---|---|---|---|
"""


def page() -> str:
    """The whole page, from the files as they are read now."""
    versions = json.loads((FOLDER / "versions.json").read_text(encoding="utf-8"))
    rows = [
        f"| {member.tool} | {versions[member.name].replace(DOCUMENTED, 'its documented layout')} | {member.format} "
        f"| `{member.name}` | {_outcome(member)} |\n"
        for member in MEMBERS
    ]
    counts = {
        "all": len(MEMBERS),
        "untouched": sum(member.untouched for member in MEMBERS),
        "option": sum(bool(member.option) for member in MEMBERS),
        "refused": sum(bool(member.refused) for member in MEMBERS),
    }
    return _INTRODUCTION.format(**counts) + "".join(rows)


def _outcome(member: Member) -> str:
    if member.refused:
        return f"refused: {_sentence(member)}"
    told = f"read with `{member.option}`" if member.option else "read untouched"
    aside = ", ".join(f"{count} {reason}" for reason, count in member.aside.items())
    return f"{told}; set aside: {aside}" if aside else told


def _sentence(member: Member) -> str:
    try:
        read_member(member)
    except NewsdeskError as error:
        told = re.sub(r" \(looked for .*?\)", "", str(error))
        return told.replace(str(FOLDER / member.name), member.name).replace("|", "\\|")
    raise AssertionError(f"{member.name} is read")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")

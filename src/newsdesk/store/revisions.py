"""The revisions that the tables of the store go through, as Alembic finds them in `migrations/versions/`."""

from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

FOLDER = Path(__file__).parent / "migrations"


@dataclass(frozen=True)
class Revision:
    """A step. `loses`: what its way down removes, "" where that is nothing."""

    id: str
    what: str
    loses: str


def revisions(folder: Path = FOLDER) -> list[Revision]:
    """All that this version of Newsdesk knows, oldest first."""
    scripts = ScriptDirectory.from_config(alembic_config(folder)).walk_revisions()
    return [Revision(script.revision, script.doc, script.module.loses) for script in scripts][::-1]


def alembic_config(folder: Path = FOLDER) -> Config:
    """Where Alembic finds what it is to run."""
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config

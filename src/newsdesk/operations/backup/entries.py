"""Which files and folders belong into a backup, and in what order.

Servers, training and promotion go on while a backup is made. Its parts are read in an order in which whatever moves
meanwhile is met at its new place, if not at its old one, and in which what is named is read after what names it:

1. the spool: feedback moves from here into the store, never back;
2. the pointer `champion.json` and the databases, as they are between two promotions: the store with the ledger, then
   MLflow, then the others. All name files that were written before;
3. keys and configuration, then all that the databases name: bundles, artifacts, datasets, articles. These are only
   added to, for pruning waits until the backup has ended.
"""

import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from newsdesk.config.settings import Settings
from newsdesk.registry.artifact_files import local_folder
from newsdesk.registry.champion_pointer import POINTER

CONFIGURATION = "configs"
KEYS = "keys"
POINTER_ENTRY = "pointer"
_ESCAPED = re.compile(rb"\\x(5c|[89a-f][0-9a-f])")  # a backslash, or a byte that is no UTF-8
_UNDER_HOME = ("bundles", "artifacts", "datasets", "articles", "plans", "inbox")


@dataclass(frozen=True)
class BackupEntry:
    """A folder, or with `patterns` certain files of it, by its name in archives."""

    name: str
    folder: Path
    patterns: tuple[str, ...] = ()  # patterns of names; () means all that is below
    excluded: tuple[str, ...] = ()

    def files(self) -> Iterator[Path]:
        """What is there now, drafts and locks left out."""
        if self.patterns:
            yield from (
                path
                for pattern in self.patterns
                for path in sorted(self.folder.glob(pattern))
                if path.is_file() and _may_match(path.name, pattern)
            )
            return
        for folder, folders, names in os.walk(self.folder):  # which does not mind that a folder vanishes meanwhile
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for path in (Path(folder, name) for name in sorted(names)):
                if not path.name.startswith(".") and path.name not in self.excluded and not path.is_symlink():
                    yield path

    def may_hold(self, name: str) -> bool:
        """Whether a file of that name below the folder is one that `files` can give."""
        path = PurePosixPath(name)
        if str(path) != name or path.is_absolute() or not path.parts or ".." in path.parts:
            return False
        if self.patterns:
            return len(path.parts) == 1 and any(
                fnmatchcase(name, pattern) and _may_match(name, pattern) for pattern in self.patterns
            )
        return path.name not in self.excluded and not any(part.startswith(".") for part in path.parts)

    def member(self, path: Path) -> str:
        """The name of one of its files in an archive: every file has another one, and all are UTF-8."""
        return f"files/{self.name}/{escaped(path.relative_to(self.folder).as_posix())}"


def escaped(path: str) -> str:
    """A path in which backslashes and bytes that are not UTF-8 are escaped as numbers."""
    return os.fsencode(path).replace(b"\\", b"\\x5c").decode("utf-8", "backslashreplace")


def unescaped(path: str) -> str:
    """The path that was `escaped`. Older backups left backslashes as they were, and so does this."""
    return os.fsdecode(_ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), os.fsencode(path)))


def _may_match(name: str, pattern: str) -> bool:
    """As in a shell, a hidden file matches only a pattern that begins with a dot."""
    return pattern.startswith(".") or not name.startswith(".")


def before_databases(settings: Settings) -> list[BackupEntry]:
    return [BackupEntry("spool", settings.spool, patterns=("*.jsonl",))]


def pointer_entry(settings: Settings) -> BackupEntry:
    return BackupEntry(POINTER_ENTRY, settings.bundles, patterns=(POINTER,))


def after_databases(settings: Settings) -> list[BackupEntry]:
    keys = settings.keys_file
    return [
        BackupEntry(KEYS, keys.parent, patterns=(glob.escape(keys.name),)),
        BackupEntry(CONFIGURATION, settings.config_dir, patterns=("*.yaml", "*.yml")),
        *(
            BackupEntry(name, _folder(settings, name), excluded=(POINTER,) if name == "bundles" else ())
            for name in _UNDER_HOME
        ),
    ]


def artifact_folder(settings: Settings) -> Path | None:
    """Where MLflow's artifacts are; None where they are not on this machine."""
    return local_folder(settings.mlflow_artifact_root) if settings.mlflow_artifact_root else settings.home / "artifacts"


def _folder(settings: Settings, name: str) -> Path:
    return (name == "artifacts" and artifact_folder(settings)) or settings.home / name

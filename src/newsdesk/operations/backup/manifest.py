"""`manifest.json`, the last member of every archive: its contents, and the digest of each file."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

MANIFEST = "manifest.json"
FORMAT_VERSION: Literal[1] = 1

Kind = Literal["sqlite", "postgresql"]


class FileDigest(BaseModel):
    """One file: SHA-256 in hexadecimal, and bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    size: int


class BackupManifest(BaseModel):
    """`databases` are kinds by name; `files` are contents by the name of the member."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = FORMAT_VERSION
    made_at: datetime
    newsdesk_version: str
    home: str
    artifacts: str | None
    champion: str | None
    databases: dict[str, Kind]
    files: dict[str, FileDigest]

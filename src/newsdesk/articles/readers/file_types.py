"""The type of a table and its compression, by the file's name."""

from pathlib import PurePath

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".json": "json",
    ".xlsx": "excel",
    ".xlsm": "excel",
    ".xls": "excel",
    ".feather": "arrow",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".txt": "txt",
}
PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")

# What other endings are of, for a message.
_OTHERS = {
    "an OpenDocument sheet": (".ods",),
    "a text document": (".docx", ".doc", ".odt", ".rtf", ".pdf", ".md"),
    "a page of the web": (".html", ".htm"),
    "XML": (".xml", ".rss"),
    "a file of columns": (".orc", ".avro", ".h5", ".hdf5"),
    "a pickle, which can run code,": (".pkl", ".pickle", ".joblib"),
    "a database": (".db", ".sqlite", ".sqlite3"),
    "a file of statistics": (".dta", ".sav", ".rds", ".rdata", ".sas7bdat"),
    "an archive": (".tar", ".tgz", ".7z", ".rar"),
}
# How a file begins → what it is; the names of text formats do not protect from these.
_MAGIC = {
    b"PAR1": ("Parquet", ".parquet"),
    b"ARROW1": ("Arrow", ".arrow"),
    b"PK\x03\x04": ("a zip archive or a workbook", ".zip or .xlsx"),
    b"\x1f\x8b": ("packed with gzip", ".gz"),
    b"BZh": ("packed with bzip2", ".bz2"),
    b"\xfd7zXZ\x00": ("packed with xz", ".xz"),
    b"\x28\xb5\x2f\xfd": ("packed with zstandard", ".zst"),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", ".xls"),
    b"%PDF-": ("a PDF document", ""),
    b"SQLite format 3\x00": ("an SQLite database", ""),
}


def table_type(name: str) -> str | None:
    """The kind of table by its name, beneath any packing; `zip` for an archive, None for what is no table."""
    path = PurePath(name)
    suffix = path.suffix.lower()
    if suffix == ".zip":
        return "zip"
    return SUFFIXES.get(PurePath(path.stem).suffix.lower() if suffix in PACKED else suffix)


def is_table(name: str) -> bool:
    """Whether a file of this name is read as a table."""
    return table_type(name) is not None


def table_stem(name: str) -> str:
    """The name without the endings that tell kind and packing: `news.csv.gz` and `news.zip` are both `news`."""
    path = PurePath(name)
    if path.suffix.lower() in PACKED:
        path = PurePath(path.stem)
    return path.stem if path.suffix.lower() in SUFFIXES else path.name


def detect_content(start: bytes) -> tuple[str, str] | None:
    """What a file that begins so really is, and the ending that would say so; None for text."""
    return next((content for magic, content in _MAGIC.items() if start.startswith(magic)), None)


def unsupported_type(name: str) -> str | None:
    """What a file of this name is, where it is nothing that is read, but widely known."""
    suffix = PurePath(name).suffix.lower()
    return next((description for description, suffixes in _OTHERS.items() if suffix in suffixes), None)


def known_endings() -> str:
    """All endings, for a message."""
    return f"{', '.join(SUFFIXES)}, or one of these and {', '.join(PACKED)}"

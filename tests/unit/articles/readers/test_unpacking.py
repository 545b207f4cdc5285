import bz2
import gzip
import io
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from newsdesk.articles.readers import is_table, read_table, table_stem, unpacking
from newsdesk.errors import DataError, UsageError
from tests.unit.articles.readers.conftest import Write

CSV = b"id,text\n1,one\n"


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)])
def test_a_packed_table_is_read_by_the_name_beneath_and_leaves_nothing_behind(
    write: Write, scratch: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    table = read_table(write(f"a.CSV{suffix}", pack(CSV)))
    assert [row.values for row in table.rows] == [{"id": "1", "text": "one"}]

    del table
    assert list(scratch.iterdir()) == []


def test_a_table_packed_with_zstandard_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.zst"
    with pa.output_stream(path, compression="zstd") as stream:
        stream.write(b'{"text": "one"}\n')

    assert [row.values for row in read_table(path).rows] == [{"text": "one"}]


def test_the_one_table_of_an_archive_is_read_whatever_lies_beside_it(write: Write) -> None:
    beside = {"__MACOSX/._news.csv": b"x", "README.txt": b"about", "cover.png": b"x", ".DS_Store": b"x"}

    table = read_table(write("a.zip", zipped(**beside, **{"folder/news.csv": CSV})))

    assert [row.values for row in table.rows] == [{"id": "1", "text": "one"}]


def test_a_name_in_an_archive_leads_nowhere(write: Write, tmp_path: Path, scratch: Path) -> None:
    path = write("a.zip", zipped(**{"../../escaped.csv": CSV}))
    before = set(tmp_path.parent.rglob("*"))

    assert len(list(read_table(path).rows)) == 1
    assert {name for name in set(tmp_path.parent.rglob("*")) - before if "escaped" in name.name} == set()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (zipped(**{"train.csv": CSV, "test.csv": CSV}), r"2 tables \(train.csv, test.csv\)"),
        (zipped(**{"a.png": b"x"}), r"no table \(a.png\)"),
        (zipped(), r"no table \(nothing\)"),
        (zipped(**{"news.csv": b""}), "holds an empty file"),
        (b"PK\x03\x04 but nothing more", "damaged or cut off"),
        (zipped(**{"inner.zip": zipped(**{"a.csv": CSV})}), r"no table \(inner.zip\)"),
    ],
)
def test_an_archive_that_is_not_one_table_is_refused_with_what_it_holds(
    write: Write, content: bytes, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        read_table(write("a.zip", content))


def test_an_archive_with_a_password_is_refused(write: Write) -> None:
    content = bytearray(zipped(**{"news.csv": CSV}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(DataError, match="locked with a password"):
        read_table(write("a.zip", bytes(content)))


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zst"])
def test_what_is_damaged_or_cut_off_is_refused(write: Write, tmp_path: Path, suffix: str) -> None:
    with pa.output_stream(write(f"whole{suffix}", b""), compression="zstd") as stream:
        stream.write(CSV * 100)
    packers = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}
    pack = packers.get(suffix, lambda _: (tmp_path / "whole.zst").read_bytes())
    whole = pack(CSV * 100)
    for content in (whole[:-8], b"no packed file", whole[: len(whole) // 2]):
        with pytest.raises(DataError, match="damaged or cut off"):
            read_table(write(f"a.csv{suffix}", content))


@pytest.mark.parametrize("suffix", [".gz", ".zip"])
def test_what_grows_without_end_is_refused_before_it_fills_the_disk(
    write: Write, scratch: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(unpacking, "ALWAYS_ALLOWED", 1 << 20)
    bomb = b"\0" * (64 << 20)
    path = (
        write(f"a.csv{suffix}", gzip.compress(bomb)) if suffix == ".gz" else write("a.zip", zipped(**{"a.csv": bomb}))
    )

    with pytest.raises(DataError, match=r"unpacks to more than \d+ MiB"):
        read_table(path)
    assert sum(file.stat().st_size for file in scratch.iterdir()) == 0


def test_an_archive_that_lies_about_its_sizes_is_refused(write: Write) -> None:
    content = bytearray(zipped(**{"a.csv": CSV + b"x" * 5000}))
    place = content.index(b"PK\x01\x02")
    content[place + 24 : place + 28] = (10).to_bytes(4, "little")
    content[place + 16 : place + 20] = zlib.crc32(b"other").to_bytes(4, "little")

    with pytest.raises(DataError, match="damaged or cut off"):
        read_table(write("a.zip", bytes(content)))


@pytest.mark.parametrize("name", ["a.gz", "a.backup.gz", "a.pdf.bz2"])
def test_a_packed_file_whose_name_does_not_tell_what_is_in_it_is_refused(write: Write, name: str) -> None:
    with pytest.raises(UsageError, match=r"Name it as in news\.csv\.gz"):
        read_table(write(name, gzip.compress(CSV)))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("news.csv", "news"),
        ("news.csv.gz", "news"),
        ("news.zip", "news"),
        ("news.labels.JSON", "news.labels"),
        ("v1.2.parquet", "v1.2"),
        ("news.labels.csv.xz", "news.labels"),
    ],
)
def test_names_of_tables_are_known_with_and_without_packing(name: str, stem: str) -> None:
    assert is_table(name)
    assert table_stem(name) == stem


@pytest.mark.parametrize("name", ["news", "news.gz", "news.pdf", "news.tar.gz", "csv"])
def test_other_names_are_none(name: str) -> None:
    assert not is_table(name)

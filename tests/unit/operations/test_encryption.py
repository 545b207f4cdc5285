"""A passphrase seals an archive: all of it comes back, or a sentence."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsdesk.operations.backup.encryption import CHUNK, MAGIC, DecryptingReader, EncryptingWriter, is_encrypted
from newsdesk.operations.backup.error import BackupError

PASSPHRASE = b"correct horse battery staple"
_HEADER, _SEALED = len(MAGIC) + 16 + 7 + 32, CHUNK + 16


def sealed(content: bytes, at_once: int = 10_000) -> bytes:
    sink = io.BytesIO()
    writer = EncryptingWriter(sink, PASSPHRASE)
    for start in range(0, len(content), at_once):
        writer.write(content[start : start + at_once])
    writer.close()
    return sink.getvalue()


def opened(secret: bytes, passphrase: bytes = PASSPHRASE, at_once: int = -1) -> bytes:
    reader = DecryptingReader(io.BytesIO(secret), passphrase, "it")
    if at_once < 0:
        return reader.read()
    return b"".join(iter(lambda: reader.read(at_once), b""))


@settings(max_examples=15, deadline=None)
@given(
    length=st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7]),
    written=st.integers(1_000, 2 * CHUNK),
    read=st.integers(1_000, 2 * CHUNK),
)
def test_what_was_sealed_comes_back_however_it_is_written_and_read(length: int, written: int, read: int) -> None:
    content = bytes(n % 251 for n in range(length))
    secret = sealed(content, written)
    assert is_encrypted(secret)
    assert opened(secret, at_once=read) == content


def test_the_same_content_is_never_sealed_the_same() -> None:
    assert sealed(b"news") != sealed(b"news")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda secret: secret[:-1],
        lambda secret: secret + b"0",
        lambda secret: secret[: _HEADER + _SEALED],  # at the end of a chunk
        lambda secret: secret[:_HEADER],
        lambda secret: secret[: _HEADER + 100] + bytes([secret[_HEADER + 100] ^ 1]) + secret[_HEADER + 101 :],
        lambda secret: secret[:_HEADER] + secret[_HEADER + _SEALED :],  # a chunk left out
        lambda secret: (  # two chunks exchanged
            secret[:_HEADER]
            + secret[_HEADER + _SEALED : _HEADER + 2 * _SEALED]
            + secret[_HEADER : _HEADER + _SEALED]
            + secret[_HEADER + 2 * _SEALED :]
        ),
    ],
    ids=["cut", "longer", "cut between chunks", "nothing", "a byte", "a chunk less", "chunks exchanged"],
)
def test_what_was_changed_is_refused(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(BackupError, match="was changed or cut off"):
        opened(spoil(sealed(bytes(3 * CHUNK))))


def test_another_passphrase_and_a_changed_header_are_told_as_such() -> None:
    secret = sealed(b"news")
    for wrong in (secret[: len(MAGIC)] + bytes([secret[len(MAGIC)] ^ 1]) + secret[len(MAGIC) + 1 :], secret):
        with pytest.raises(BackupError, match="another passphrase"):
            opened(wrong, b"another passphrase")

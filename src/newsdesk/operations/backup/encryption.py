"""Encrypt an archive with a passphrase, as a stream: never whole in memory, nor in clear on the disk.

The construction is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance, 2015) over AES-256-GCM, as age and Tink have it: each chunk is sealed with its number and with
whether it is the last one, so that none can be changed, left out, repeated, moved or cut off. The key comes from the
passphrase by scrypt. `cryptography` is here already, as a dependency of MLflow; its own Fernet holds all in memory, and
`openssl enc` seals nothing.
"""

import hashlib
import hmac
import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from newsdesk.operations.backup.error import BackupError

MAGIC = b"newsdesk backup, encrypted 1\n"
CHUNK = 64 * 1024
_SALT, _PREFIX, _MAC, _TAG = 16, 7, 32, 16
_HEADER = len(MAGIC) + _SALT + _PREFIX + _MAC


class EncryptingWriter:
    """A file to write to; what is written reaches `sink` encrypted. `close` seals it, and leaves `sink` open."""

    def __init__(self, sink: BinaryIO, passphrase: bytes) -> None:
        salt, self._prefix = os.urandom(_SALT), os.urandom(_PREFIX)
        self._key, mac_key = _derive_keys(passphrase, salt)
        self._sink, self._number, self._buffer = sink, 0, bytearray()
        head = MAGIC + salt + self._prefix
        sink.write(head + hmac.digest(mac_key, head, hashlib.sha256))

    def write(self, data: bytes) -> int:
        self._buffer += data
        while len(self._buffer) > CHUNK:  # a full chunk waits: it may turn out to be the last one
            self._seal(bytes(self._buffer[:CHUNK]), is_last=False)
            del self._buffer[:CHUNK]
        return len(data)

    def flush(self) -> None:
        """Nothing to do: chunks are written when they are full."""

    def close(self) -> None:
        self._seal(bytes(self._buffer), is_last=True)

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._sink.write(self._key.encrypt(_nonce(self._prefix, self._number, is_last), chunk, None))
        self._number += 1


class DecryptingReader:
    """A file to read from, of what is encrypted in `source`. Raises `BackupError` for another passphrase or content."""

    def __init__(self, source: BinaryIO, passphrase: bytes, name: str) -> None:
        header = source.read(_HEADER)
        head, mac = header[:-_MAC], header[-_MAC:]
        self._prefix = head[-_PREFIX:]
        self._key, mac_key = _derive_keys(passphrase, head[len(MAGIC) : -_PREFIX])
        if not hmac.compare_digest(hmac.digest(mac_key, head, hashlib.sha256), mac):
            raise BackupError(f"{name} was encrypted with another passphrase. Correct BACKUP_PASSPHRASE_FILE.")
        self._source, self._name, self._number = source, name, 0
        self._next_chunk = source.read(CHUNK + _TAG)
        self._plaintext = b""
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        parts = []
        while size != 0 and (self._plaintext or not self._ended):
            if not self._plaintext:
                self._decrypt_chunk()
                continue
            part = self._plaintext if size < 0 else self._plaintext[:size]
            self._plaintext = self._plaintext[len(part) :]
            size -= len(part) if size > 0 else 0
            parts.append(part)
        return b"".join(parts)

    def _decrypt_chunk(self) -> None:
        chunk, self._next_chunk = self._next_chunk, self._source.read(CHUNK + _TAG)
        is_last = not self._next_chunk
        try:
            self._plaintext = self._key.decrypt(_nonce(self._prefix, self._number, is_last), chunk, None)
        except InvalidTag:
            raise BackupError(
                f"{self._name} was changed or cut off, in or after its chunk {self._number}. Take another archive."
            ) from None
        self._number += 1
        self._ended = is_last


def is_encrypted(start: bytes) -> bool:
    """Whether a file that starts with these bytes was encrypted here."""
    return start.startswith(MAGIC)


def _derive_keys(passphrase: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    """The key that seals, and the one that tells a wrong passphrase from a changed archive."""
    derived = Scrypt(salt=salt, length=64, n=2**16, r=8, p=1).derive(passphrase)  # 64 MB, a fifth of a second
    return AESGCM(derived[:32]), derived[32:]


def _nonce(prefix: bytes, number: int, is_last: bool) -> bytes:
    return prefix + number.to_bytes(4) + bytes([is_last])

"""A bundle on disk: `bundle.json`, `vocabulary.json` and `weights.safetensors`. Nothing in it is ever executed."""

import hashlib
import json
import os
import stat
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from newsdesk import atomic
from newsdesk.errors import BundleError
from newsdesk.model.bundle import FORMAT_VERSION, Bundle, BundleManifest, Tensors, Vocabulary
from newsdesk.model.bundle_validation import check_parts

MANIFEST = "bundle.json"
VOCABULARY = "vocabulary.json"
WEIGHTS = "weights.safetensors"
_MIB = 1024 * 1024
# Largest size in bytes: 2 GiB together.
SIZE_LIMITS = MappingProxyType({MANIFEST: 16 * _MIB, VOCABULARY: 496 * _MIB, WEIGHTS: 1536 * _MIB})


def seal(draft: BundleManifest, vocabulary: Vocabulary, tensors: Tensors) -> Bundle:
    """The bundle of these parts, with the digests of its files filled in."""
    contents = _file_contents(vocabulary, tensors)
    files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    manifest = draft.model_copy(update={"files": files})
    return Bundle(manifest.model_copy(update={"digest": manifest.expected_digest()}), vocabulary, tensors)


def save_bundle(bundle: Bundle, folder: Path) -> None:
    """Write `bundle` as `folder`, whole or not at all. A folder of that name that is there already is replaced."""
    with atomic.new_folder(folder) as draft:
        write_bundle(bundle, draft)


def write_bundle(bundle: Bundle, folder: Path) -> None:
    """Write the files of `bundle` into a folder that is there, beside what else is in it."""
    for name, content in _file_contents(bundle.vocabulary, bundle.tensors).items():
        (folder / name).write_bytes(content)
    (folder / MANIFEST).write_text(bundle.manifest.content(), encoding="utf-8")


def load_bundle(folder: Path) -> Bundle:
    """Read the bundle in `folder`, check its digests, and that its parts fit each other.

    Raises `BundleError` and nothing else, whatever the folder holds.
    """
    try:
        manifest = _parse_manifest(folder, _read_plain_file(folder / MANIFEST))
        contents = {name: _read_plain_file(folder / name) for name in (VOCABULARY, WEIGHTS)}
    except (OSError, ValueError) as error:
        raise BundleError(
            f"{folder} is not a whole bundle of a format from 3 to {FORMAT_VERSION}: {_first_line(error)}. "
            "Fetch it again."
        ) from error
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != manifest.files.get(name):
            raise BundleError(f"{folder / name} is not what {MANIFEST} says. Fetch the bundle again.")
    if manifest.digest != manifest.expected_digest():
        raise BundleError(f"{folder / MANIFEST} was changed after training. Fetch the bundle again.")
    try:
        vocabulary = Vocabulary.model_validate_json(contents[VOCABULARY])
        bundle = Bundle(manifest, vocabulary, load_tensors(contents[WEIGHTS]))
    except (ValueError, KeyError, TypeError, OverflowError, SafetensorError) as error:
        raise BundleError(f"{folder} cannot be read: {_first_line(error)}. Fetch the bundle again.") from error
    if not manifest.golden:
        raise BundleError(f"{folder} has no golden examples to prove itself by. Train anew.")
    check_parts(bundle)
    return bundle


def _parse_manifest(folder: Path, content: bytes) -> BundleManifest:
    try:
        return BundleManifest.model_validate_json(content)
    except ValidationError as error:
        if any(problem["loc"] == ("format_version",) for problem in error.errors(include_input=False)):
            raise BundleError(
                f"{folder} is of none of the formats 3 to {FORMAT_VERSION} that this version of Newsdesk reads. "
                "Train anew, or fetch it again."
            ) from error
        raise


def _read_plain_file(file: Path) -> bytes:
    """The content of a plain file. Raises `OSError` or `ValueError`, for links, pipes and what is too large as well."""

    def open_plain(path: str, flags: int) -> int:
        return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)  # a link leads anywhere, a pipe never ends

    with open(file, "rb", opener=open_plain) as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{file.name} is no plain file")
        if status.st_size > SIZE_LIMITS[file.name]:
            raise ValueError(f"{file.name} is larger than {SIZE_LIMITS[file.name]} bytes")
        return stream.read(status.st_size)


def _file_contents(vocabulary: Vocabulary, tensors: Tensors) -> dict[str, bytes]:
    words = json.dumps(vocabulary.model_dump(), ensure_ascii=False, separators=(",", ":"))
    return {VOCABULARY: words.encode("utf-8"), WEIGHTS: save_tensors(tensors)}


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]

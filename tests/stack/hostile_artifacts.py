"""What somebody who can write to an MLflow server's artifacts may put in the place of a bundle."""

import io
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from newsdesk.model.bundle_files import MANIFEST, VOCABULARY, WEIGHTS

Attack = Callable[[Path, Path], None]  # on the folder of the bundle; it succeeds where the canary is made


class _Payload:
    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self._canary}",)


def change_a_weight(bundle: Path, canary: Path) -> None:
    content = bytearray((bundle / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (bundle / WEIGHTS).write_bytes(content)


def claim_another_class(bundle: Path, canary: Path) -> None:
    manifest = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    manifest["classes"] = [f"{name}!" for name in manifest["classes"]]
    (bundle / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def put_pickles(bundle: Path, canary: Path) -> None:
    payload = pickle.dumps(_Payload(canary))
    for name in (MANIFEST, VOCABULARY, WEIGHTS, "model.pkl", "../model.pkl", "../python_model.pkl"):
        (bundle / name).write_bytes(payload)


def put_a_skops_file_that_names_a_function(bundle: Path, canary: Path) -> None:
    call = {"__class__": "system", "__module__": "os", "__loader__": "FunctionNode", "content": f"touch {canary}"}
    crafted = _zipped({"schema.json": json.dumps(call).encode(), "0.pkl": pickle.dumps(_Payload(canary))})
    for name in (VOCABULARY, WEIGHTS, "../pipeline.skops"):
        (bundle / name).write_bytes(crafted)


def put_a_zip_that_leads_out(bundle: Path, canary: Path) -> None:
    upwards = "../" * 20 + str(canary).lstrip("/")
    crafted = _zipped({upwards: b"out", str(canary): b"out"})
    for name in (VOCABULARY, WEIGHTS, "bundle.zip", "../bundle.zip"):
        (bundle / name).write_bytes(crafted)


ATTACKS: tuple[Attack, ...] = (
    change_a_weight,
    claim_another_class,
    put_pickles,
    put_a_skops_file_that_names_a_function,
    put_a_zip_that_leads_out,
)


def _zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return content.getvalue()

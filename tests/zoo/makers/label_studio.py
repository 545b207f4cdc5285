"""The tasks as Label Studio's server exports them, and what the converter of its SDK makes of these."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.zoo.making import made
from tests.zoo.stories import STORIES, Story

_CONFIG = """<View><Text name="text" value="$text"/><Choices name="{name}" toName="text" choice="{choice}">
<Choice value="sport"/><Choice value="business"/><Choice value="science"/></Choices></View>"""
_WHEN = "2024-05-20T10:00:00.000000Z"
_PACKAGE = "label-studio-sdk"


def annotation(number: int, chosen: Sequence[str], name: str, *, cancelled: bool = False) -> dict[str, Any]:
    result = {"value": {"choices": list(chosen)}, "id": f"r{number}", "from_name": name, "to_name": "text"}
    return {
        "id": number,
        "completed_by": 1,
        "result": [] if cancelled else [result | {"type": "choices", "origin": "manual"}],
        "was_cancelled": cancelled,
        "ground_truth": False,
        "created_at": _WHEN,
        "updated_at": _WHEN,
        "lead_time": 4.2,
        "task": number,
    }


def task(number: int, story: Story, annotations: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": number,
        "annotations": annotations,
        "drafts": [],
        "predictions": [],
        "data": {"title": story.title, "text": story.text},
        "meta": {},
        "created_at": _WHEN,
        "updated_at": _WHEN,
        "inner_id": number,
        "total_annotations": len(annotations),
        "cancelled_annotations": sum(one["was_cancelled"] for one in annotations),
        "project": 7,
        "updated_by": 1,
    }


def tasks(name: str = "sentiment") -> list[dict[str, Any]]:
    return [task(n, s, [annotation(n, [s.category], name)]) for n, s in enumerate(STORIES, start=1)]


@made("label-studio.json")
def _(path: Path) -> None:
    path.write_text(json.dumps(tasks()), encoding="utf-8")


@made("label-studio-partly.json")
def _(path: Path) -> None:
    """Two tasks more: one that was skipped, one that nobody has seen."""
    more = [
        task(90, STORIES[0]._replace(title="Skipped", text="This one was skipped by the annotator."), []),
        task(91, STORIES[0]._replace(title="Open", text="This one is still to do, whoever does it."), []),
    ]
    more[0]["annotations"] = [annotation(90, [], "topic", cancelled=True)]
    twice = tasks("topic")
    twice[0]["annotations"].append(annotation(92, [STORIES[0].category], "topic"))
    path.write_text(json.dumps(twice + more, indent=1), encoding="utf-8")


def convert(path: Path, kind: str, name: str = "sentiment", choice: str = "single") -> None:
    from label_studio_sdk.converter import Converter

    with TemporaryDirectory() as folder:
        exported = Path(folder) / "tasks.json"
        exported.write_text(json.dumps(tasks(name)), encoding="utf-8")
        out = Path(folder) / "out"
        converter = Converter(_CONFIG.format(name=name, choice=choice), str(folder), download_resources=False)
        converter.convert(str(exported), str(out), kind, is_dir=False)
        shutil.copy(next(file for file in out.iterdir() if file.is_file()), path)


@made("label-studio-min.json", _PACKAGE)
def _(path: Path) -> None:
    convert(path, "JSON_MIN")


@made("label-studio-topic-min.json", _PACKAGE)
def _(path: Path) -> None:
    convert(path, "JSON_MIN", "topic", "multiple")


@made("label-studio.csv", _PACKAGE)
def _(path: Path) -> None:
    convert(path, "CSV")


@made("label-studio.tsv", _PACKAGE)
def _(path: Path) -> None:
    convert(path, "TSV")

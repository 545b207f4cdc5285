"""What Argilla 2 writes of records, and how Argilla 1 stored them."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.zoo.making import made
from tests.zoo.stories import STORIES

_USERS = [UUID(int=1), UUID(int=2)]


def records(*, answered: bool = True) -> list[Any]:
    import argilla as rg

    return [
        rg.Record(
            id=story.id,
            fields={"title": story.title, "text": story.text},
            metadata={"source": story.source},
            suggestions=[rg.Suggestion("label", story.category if not answered else "sport", score=0.7, agent="m")],
            responses=[rg.Response("label", story.category, user_id=u, status="submitted") for u in _USERS]
            if answered
            else [],
        )
        for story in STORIES
    ]


@made("argilla.json", "argilla")
def _(path: Path) -> None:
    from argilla.records._io import JsonIO

    JsonIO.to_json(records(), path)


@made("argilla-suggested.json", "argilla")
def _(path: Path) -> None:
    from argilla.records._io import JsonIO

    JsonIO.to_json(records(answered=False), path)


@made("argilla-flat.json", "argilla")
def _(path: Path) -> None:
    from argilla.records._io import GenericIO

    path.write_text(json.dumps(GenericIO.to_list(records(), flatten=True)), encoding="utf-8")


@made("argilla-dataset.parquet", "argilla")
def _(path: Path) -> None:
    from argilla.records._io import GenericIO, HFDatasetsIO
    from datasets import Dataset

    flat = Dataset.from_dict(GenericIO.to_dict(records(), flatten=True))
    as_exported = HFDatasetsIO._uncast_argilla_attributes_to_datasets(flat, {})
    as_exported.to_parquet(str(path))


@made("argilla-flat.csv", "argilla")
def _(path: Path) -> None:
    from argilla.records._io import GenericIO
    from datasets import Dataset

    Dataset.from_dict(GenericIO.to_dict(records(), flatten=True)).to_pandas().to_csv(path, index=False)


@made("argilla-1.jsonl")
def _(path: Path) -> None:
    """`rg.DatasetForTextClassification.to_datasets().to_json()`, as the guide of Argilla 1 shows its columns."""
    lines = [
        {
            "text": story.text,
            "inputs": {"title": story.title, "text": story.text},
            "prediction": [{"label": "sport", "score": 0.6}, {"label": "science", "score": 0.4}],
            "prediction_agent": "m",
            "annotation": story.category,
            "annotation_agent": "desk",
            "vectors": None,
            "multi_label": False,
            "explanation": None,
            "id": story.id,
            "metadata": {"split": "train"},
            "status": "Validated",
            "event_timestamp": 1716200000000,
            "metrics": {},
        }
        for story in STORIES
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


@made("argilla-1-feedback.jsonl")
def _(path: Path) -> None:
    """`FeedbackDataset.format_as("datasets").to_json()`."""
    lines = [
        {
            "title": story.title,
            "text": story.text,
            "label": [{"user_id": str(_USERS[0]), "value": story.category, "status": "submitted"}],
            "label-suggestion": "sport",
            "label-suggestion-metadata": {"type": None, "score": 0.6, "agent": "m"},
            "external_id": story.id,
            "metadata": "{}",
        }
        for story in STORIES
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from datasets import ClassLabel, Dataset, Features, Sequence, Value

from tests.zoo.making import made
from tests.zoo.stories import STORIES

NAMES = ["business", "science", "sport"]


def dataset(label: object) -> Dataset:
    rows = [
        {"title": s.title, "text": s.text, "label": [s.category] if isinstance(label, Sequence) else s.category}
        for s in STORIES
    ]
    features = Features({"title": Value("string"), "text": Value("string"), "label": label})
    return Dataset.from_list(rows, features=features)


@made("datasets-classes.parquet", "datasets")
def _(path: Path) -> None:
    dataset(ClassLabel(names=NAMES)).to_parquet(str(path))


@made("datasets-list-of-classes.parquet", "datasets")
def _(path: Path) -> None:
    dataset(Sequence(ClassLabel(names=NAMES))).to_parquet(str(path))


@made("datasets-saved.arrow", "datasets")
def _(path: Path) -> None:
    with TemporaryDirectory() as folder:
        dataset(ClassLabel(names=NAMES)).save_to_disk(folder)
        shutil.copy(next(Path(folder).glob("data-*.arrow")), path)


@made("datasets.csv", "datasets")
def _(path: Path) -> None:
    dataset(Value("string")).to_csv(str(path))


@made("datasets-lines.json", "datasets")
def _(path: Path) -> None:
    dataset(Value("string")).to_json(str(path))


@made("datasets-array.json", "datasets")
def _(path: Path) -> None:
    dataset(Value("string")).to_json(str(path), lines=False, orient="records")


@made("datasets-lists.jsonl", "datasets")
def _(path: Path) -> None:
    dataset(Sequence(Value("string"))).to_json(str(path))

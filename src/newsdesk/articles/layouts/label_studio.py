"""Label Studio's exports: JSON (tasks with their annotations), and JSON-MIN, CSV and TSV (a row an annotation)."""

from collections.abc import Sequence
from typing import Any

from newsdesk.articles.layouts.layout import (
    Flat,
    Layout,
    Record,
    agreed_label,
    category_question,
    column_names,
    fields_of,
    items,
    labelled_row,
    members,
)

_ANNOTATION_COLUMNS = {"annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "history"}
_SIGNATURE = {"annotator", "annotation_id", "lead_time"}
_RENAMED = "_data_"  # before a name of the task that an answer has, too


def tasks(columns: Sequence[str], records: Sequence[Record]) -> Layout | None:
    """The JSON export."""
    lists = next((name for name in ("annotations", "completions") if name in columns), None)
    if lists is None or "data" not in columns or not all(members(record, "data") for record in records):
        return None
    questions = column_names(_answers(record, lists) for record in records)
    question = category_question(questions)

    def flatten(task: Record) -> Flat:
        return labelled_row({"id": task.get("id")} | members(task, "data"), _answers(task, lists), question)

    names = column_names(flatten(record)[0] for record in records)
    return Layout(names, flatten, f"Label Studio's tasks: the category is the choice for '{question}'.")


def rows(columns: Sequence[str], _: Sequence[Record]) -> Layout | None:
    """JSON-MIN, CSV and TSV. A task that several people annotated has several rows, so that its number is no id."""
    if not _SIGNATURE.issubset(columns):
        return None
    kept = [name for name in columns if name not in _ANNOTATION_COLUMNS and name != "id"]
    renamed = {name: name.removeprefix(_RENAMED) for name in kept if name.startswith(_RENAMED)}
    answers = {plain: f"{plain} (answer)" for plain in renamed.values()}
    names = {name: renamed.get(name, answers.get(name, name)) for name in kept}
    known = fields_of(names.values())
    answer_columns = _answer_columns(columns)
    questions = [name for column, name in names.items() if column in answer_columns and name not in known.values()]
    question = None if "category" in known else category_question(questions)

    def flatten(record: Record) -> Flat:
        values = {name: record.get(column) for column, name in names.items()}
        if question is not None:
            values["category"] = values[question]
        label = values.get(known.get("category", "category"))
        return values, "not_annotated" if label in (None, "") else None

    plain = [*names.values(), *(["category"] if question is not None else [])]
    return Layout(plain, flatten, f"Label Studio's annotations: the category is '{question or known.get('category')}'.")


def _answer_columns(columns: Sequence[str]) -> Sequence[str]:
    """The columns among which the answers are: JSON-MIN has them between the task's and the annotator's."""
    if list(columns) == sorted(columns) or "id" not in columns:
        return columns  # CSV sorts them
    return columns[columns.index("id") + 1 : columns.index("annotator")] or columns


def _answers(task: Record, lists: str) -> dict[str, Any]:
    """Question → the choice that the annotators agree on; a list where they do not."""
    annotations = [annotation for annotation in items(task, lists) if isinstance(annotation, dict)]
    annotations = [
        annotation for annotation in annotations if not (annotation.get("was_cancelled") or annotation.get("skipped"))
    ]
    annotations = [annotation for annotation in annotations if annotation.get("ground_truth")] or annotations
    results = [
        result for annotation in annotations for result in items(annotation, "result") if isinstance(result, dict)
    ]
    choices: dict[str, list[Any]] = {}
    for result in results:
        chosen = members(result, "value").get("choices")
        if isinstance(chosen, list):
            choices.setdefault(str(result.get("from_name")), []).extend(chosen)
    return {name: agreed_label(chosen) for name, chosen in choices.items()}

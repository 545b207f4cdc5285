"""The page about Airflow tells what the DAGs read, take and announce, and nothing else."""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "airflow.md").read_text(encoding="utf-8")
SOURCES = {file: file.read_text(encoding="utf-8") for file in sorted((ROOT / "dags").rglob("*.py"))}
ALL = "\n".join(SOURCES.values())


def test_every_variable_that_a_dag_reads_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `(NEWSDESK_[A-Z_]+)` \|", PAGE, flags=re.MULTILINE))
    assert documented == set(re.findall(r"\"(NEWSDESK_[A-Z_]+)\"", ALL))


def test_every_dag_is_documented_with_its_tasks() -> None:
    for file, source in SOURCES.items():
        if file.stem.endswith("_pipeline"):
            (row,) = re.findall(rf"^\| `{file.stem}` \|.*$", PAGE, flags=re.MULTILINE)
            assert all(task in row for task in tasks(source))


def test_every_parameter_of_a_trigger_form_is_documented() -> None:
    documented = set(re.findall(r"^\| (?:preprocessing|training) \| `([a-z_]+)` \|", PAGE, flags=re.MULTILINE))
    assert documented == set(re.findall(r"^    \"([a-z_]+)\": Param\(", ALL, flags=re.MULTILINE))


def test_everything_that_is_announced_is_documented() -> None:
    documented = set(re.findall(r"^\| `([A-Z][A-Za-z]+)` \| (?:warning|info) \|", PAGE, flags=re.MULTILINE))
    assert documented == set(re.findall(r"tell\(\s*\"([A-Za-z]+)\"", ALL))


def test_no_dag_imports_anything_but_airflow_yaml_and_the_standard_library() -> None:
    allowed = {"airflow", "newsdesk_dags", "yaml"} | set(sys.stdlib_module_names)
    for file, source in SOURCES.items():
        imported = {name.partition(".")[0] for node in ast.walk(ast.parse(source)) for name in names(node)}
        assert imported <= allowed, file


def tasks(source: str) -> list[str]:
    functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if any("task" in ast.unparse(one) for one in node.decorator_list)]


def names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []

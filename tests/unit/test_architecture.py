import ast
import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import combinations
from pathlib import Path

import pytest
from sklearn.naive_bayes import MultinomialNB

import newsdesk
from newsdesk.model.bundle_files import save_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from tests.builders import fitted_bundle

SOURCE = Path(newsdesk.__file__).parent
ROOT = Path(__file__).parents[2]
LONGEST_FILE = 250

# Highest first. Each room imports only from itself and from those after it.
ROOMS = [
    "__main__",
    "cli",
    "serving",
    "console",
    "streaming",
    "bulk",
    "operations",
    "pipeline",
    "monitoring",
    "registry",
    "training",
    "store",
    "model",
    "sample",
    "articles",
    "text",
    "config",
]
# Below every room.
GROUND = {"__init__", "errors", "atomic", "http_client", "printable", "private_files", "redaction", "stopping"}

# Class names that two files may share, and why.
SAME_NAME_ALLOWED: dict[str, str] = {}
# Pairs of files of one folder that may differ by an ending, and why.
SIMILAR_NAMES_ALLOWED: dict[tuple[str, str], str] = {}
_ENDINGS = re.compile(r"(ings?|ers?|ors?|ed|es|s|e|ments?|ions?)$")


def python_files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def where(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


def imported_modules(source: str) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it the statement stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            assert node.module is not None
            if node.module == "newsdesk":
                yield from (f"newsdesk.{name.name}" for name in node.names)
            else:
                yield node.module


def home_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def room_of(module: str) -> str:
    """The first name below `newsdesk`; `__init__` for what the package itself defines."""
    room = module.split(".")[1] if "." in module else "__init__"
    return room if room in ROOMS or room in GROUND else "__init__"


def height(room: str) -> int:
    return -ROOMS.index(room) if room in ROOMS else -len(ROOMS)


def upward_imports(room: str, source: str) -> list[str]:
    return [
        module
        for module in imported_modules(source)
        if module.partition(".")[0] == "newsdesk" and height(room_of(module)) > height(room)
    ]


def importers_of(library: str) -> list[str]:
    return [
        where(file)
        for file in python_files()
        if library in {module.partition(".")[0] for module in imported_modules(file.read_text(encoding="utf-8"))}
    ]


def loaded_after(script: str, *arguments: str) -> set[str]:
    """The top-level names of all modules that a fresh interpreter holds once `script` has run."""
    ending = "\nimport json, sys\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    run = subprocess.run(
        [sys.executable, "-c", script + ending, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_imports_point_downward() -> None:
    """The order is that of the design, with one room moved: `text` stands below `articles`, as the code has it, for
    articles are joined and compared by the words that `text` finds in them, and `text` knows only `config`.
    """
    upward = {
        where(file): found
        for file in python_files()
        if (found := upward_imports(home_of(file), file.read_text(encoding="utf-8")))
    }
    assert upward == {}


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("config", "import newsdesk.text.cleaning"),
        ("model", "from newsdesk.training.fit import fit_features"),
        ("atomic", "from newsdesk import config"),
        ("text", "def f():\n    from newsdesk.articles import article"),
        ("articles", "if TYPE_CHECKING:\n    from newsdesk.sample import CATEGORIES"),
    ],
)
def test_an_upward_import_is_found_wherever_it_stands(room: str, source: str) -> None:
    assert len(upward_imports(room, source)) == 1


@pytest.mark.parametrize("source", ["from newsdesk import __version__", "from newsdesk.errors import BundleError"])
def test_every_room_may_import_what_lies_below_all(source: str) -> None:
    assert upward_imports("config", source) == []


def test_every_room_has_its_place_in_the_order() -> None:
    assert {home_of(file) for file in python_files()} <= {*ROOMS, *GROUND}


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("mlflow", "registry/"),
        ("sklearn", "training/"),
        ("nltk", "text/wordnet.py"),
        ("fastapi", "serving/"),
        ("alembic", "store/"),
        ("typer", "cli/"),
        ("rich", "cli/"),
    ],
)
def test_a_heavy_library_is_imported_in_one_place_only(library: str, home: str) -> None:
    importers = importers_of(library)
    assert importers
    assert [file for file in importers if not file.startswith(home)] == []


def test_serving_and_predicting_load_no_training_library(tmp_path: Path) -> None:
    bundle = fitted_bundle(MultinomialNB(), per_category=10)
    folder = bundle_folder_name(bundle.digest)
    save_bundle(bundle, tmp_path / "bundles" / folder)
    write_champion_pointer(tmp_path / "bundles", ChampionPointer(version="1", digest=bundle.digest, bundle=folder))
    text = "The bank raised its profit forecast as shares rose"
    script = """
import sys
from pathlib import Path
from newsdesk.model.bundle_files import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from newsdesk.config.settings import Settings
from newsdesk.serving.server import create_app
predictor = Predictor(load_bundle(Path(sys.argv[1]) / "bundles" / sys.argv[4]))
create_app(Settings.model_validate({"NEWSDESK_HOME": sys.argv[1]}), may_wait=False)
assert predictor.predict(sys.argv[2]).category == sys.argv[3]
"""
    loaded = loaded_after(script, str(tmp_path), text, Predictor(bundle).predict(text).category, folder)
    assert {"newsdesk", "fastapi", "numpy"} <= loaded
    assert loaded & {"sklearn", "mlflow", "nltk", "scipy", "pandas", "skops", "matplotlib"} == set()


def test_the_command_line_opens_without_loading_what_single_commands_need() -> None:
    loaded = loaded_after("import newsdesk.cli.app")
    assert {"newsdesk", "typer"} <= loaded
    assert loaded & {"numpy", "pydantic_settings", "mlflow", "sklearn", "fastapi", "sqlalchemy", "alembic"} == set()


def test_who_promotes_trains_nothing_and_who_fits_a_candidate_registers_nothing() -> None:
    promoting = loaded_after("import newsdesk.pipeline.promoter, newsdesk.registry.mlflow_registry")
    assert "mlflow" in promoting
    assert promoting & {"sklearn", "skops", "matplotlib"} == set()
    fitting = loaded_after("import newsdesk.pipeline.plan.steps")
    assert "sklearn" in fitting
    assert fitting & {"mlflow", "skops", "matplotlib"} == set()


def test_a_store_that_is_up_to_date_is_opened_without_what_migrates_it(tmp_path: Path) -> None:
    script = "import sys\nfrom newsdesk.store.database import open_store\nopen_store(sys.argv[1]).dispose()"
    address = f"sqlite:///{tmp_path / 'store.db'}"
    assert "alembic" in loaded_after(script, address)
    assert "alembic" not in loaded_after(script, address)


def test_a_serving_installation_holds_no_training_library() -> None:
    locked = (ROOT / "requirements" / "serve.txt").read_text(encoding="utf-8")
    names = set(re.findall(r"^([a-z0-9-]+)==", locked, flags=re.MULTILINE))
    assert {"fastapi", "numpy", "uvicorn"} <= names
    assert not names & {"scikit-learn", "scipy", "mlflow", "mlflow-skinny", "nltk", "pandas", "pyarrow"}


@pytest.mark.parametrize("kind", ["serve", "train", "dev"])
def test_a_lock_file_pins_every_package_by_hash_and_names_no_host(kind: str) -> None:
    locked = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    packages = re.findall(r"^[a-z0-9-]+==.*(?:\n    .*)*", locked, flags=re.MULTILINE)
    assert packages
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in locked


def test_no_module_is_too_long_to_read_at_a_sitting() -> None:
    lengths = {where(file): len(file.read_text(encoding="utf-8").splitlines()) for file in python_files()}
    assert {file: length for file, length in lengths.items() if length > LONGEST_FILE} == {}


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")


def imports_between(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """Module → the modules of ours that it imports, in functions and for types as well."""
    imports: dict[str, set[str]] = {}
    for module, source in sources.items():
        found = set(imported_modules(source))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.ImportFrom):
                found |= {f"{node.module}.{name.name}" for name in node.names}
        imports[module] = (found & sources.keys()) - {module}
    return imports


def circle_in(sources: Mapping[str, str]) -> list[str]:
    """The modules of a circle of imports; none where there is no circle."""
    try:
        list(TopologicalSorter(imports_between(sources)).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def defined_classes(source: str) -> list[str]:
    return [node.name for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]


def root_of(name: str) -> str:
    """The name of a file without its ending: `plan` for plan, plans, planned and planning."""
    root = _ENDINGS.sub("", name)
    return root[:-1] if len(root) > 2 and root[-1] == root[-2] else root


def similar_names(names: list[str]) -> list[tuple[str, str]]:
    return [(one, other) for one, other in combinations(sorted(names), 2) if root_of(one) == root_of(other)]


def test_no_files_import_each_other_in_a_circle() -> None:
    assert circle_in({module_of(file): file.read_text(encoding="utf-8") for file in python_files()}) == []


@pytest.mark.parametrize(
    "back",
    [
        "from newsdesk.a import one",
        "from newsdesk import a",
        "import newsdesk.a",
        "def f():\n    from newsdesk.a import one",
        "if TYPE_CHECKING:\n    from newsdesk.a import one",
    ],
)
def test_a_circle_is_found_wherever_its_imports_stand(back: str) -> None:
    sources = {"newsdesk.a": "from newsdesk.b import two", "newsdesk.b": "import newsdesk.c", "newsdesk.c": back}
    assert set(circle_in(sources)) == sources.keys()


def test_no_two_classes_have_one_name() -> None:
    places = defaultdict(list)
    for file in python_files():
        for name in defined_classes(file.read_text(encoding="utf-8")):
            places[name].append(where(file))
    shared = {name: files for name, files in places.items() if len(files) > 1}
    assert shared.keys() == SAME_NAME_ALLOWED.keys(), shared


def test_no_two_files_of_a_folder_differ_by_an_ending() -> None:
    folders = defaultdict(list)
    for file in python_files():
        folders[file.parent].append(file.stem)
    similar = {pair for names in folders.values() for pair in similar_names(names)}
    assert similar == SIMILAR_NAMES_ALLOWED.keys()


@pytest.mark.parametrize("other", ["planning", "planned", "plans", "planner"])
def test_names_that_differ_by_an_ending_are_found(other: str) -> None:
    assert similar_names(["plan", other, "report"]) == [("plan", other)]

import json
import pickle
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as save_tensors
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import MultinomialNB
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.errors import BundleError
from newsdesk.model.bundle import Bundle, BundleManifest, GoldenExample, LinearSpec, MlpSpec, Vocabulary
from newsdesk.model.bundle_files import MANIFEST, VOCABULARY, WEIGHTS, load_bundle, save_bundle, seal
from tests.builders import fitted_bundle, sample_calibration
from tests.unit.model.forgeries import put_sealed

TERMS = ["bank", "bank share", "goal", "naïve", "share", "team"]
CLASSES = [f"class {i}" for i in range(300)]


def small_bundle(*, weight: float = 0.25, form: str = "banks", **manifest: Any) -> Bundle:
    """A bundle whose weights are by far its largest file."""
    classes = len(manifest.get("classes", CLASSES))
    draft = BundleManifest(
        trained_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        model_name="small",
        model_type="LogisticRegression",
        classes=CLASSES,
        feature_count=len(TERMS),
        text_cleaning=TextCleaning(),
        tfidf=TfidfConfig(),
        classifier=LinearSpec(link="softmax"),
        metrics={"accuracy": 0.9, "f1_macro": 1 / 3},
        dataset_version="0123456789abcdef",
        files={},
        golden=[GoldenExample(text="bank", probabilities=[0.25, 0.75])],
    )
    vocabulary = Vocabulary(terms=TERMS, forms={form: "bank", "the": None, "naïve": "naïve"})
    tensors = {
        "weights": np.full((len(TERMS), classes), weight),
        "intercepts": np.linspace(-1, 1, classes),
        "idf": np.linspace(1, 2, len(TERMS)),
    }
    return seal(draft.model_copy(update=manifest), vocabulary, tensors)


def saved_bundle(folder: Path) -> Path:
    save_bundle(small_bundle(), folder)
    return folder


@contextmanager
def saved_elsewhere() -> Iterator[Path]:
    with TemporaryDirectory() as folder:
        yield saved_bundle(Path(folder) / "bundle")


def edit_manifest(folder: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    edit(content)
    (folder / MANIFEST).write_text(json.dumps(content, indent=2), encoding="utf-8")


def pickle_that_leaves_a_trace(trace: Path) -> bytes:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (trace,))

    content = pickle.dumps(Trap())
    pickle.loads(content)
    assert trace.exists()
    trace.unlink()
    return content


@pytest.mark.parametrize(
    "classifier",
    [
        LogisticRegression(),
        MultinomialNB(),
        MLPClassifier((4,), tol=10, n_iter_no_change=1),
        DecisionTreeClassifier(max_depth=4),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
def test_a_saved_bundle_is_loaded_as_it_was(classifier: Any, tmp_path: Path) -> None:
    bundle = fitted_bundle(classifier, per_category=10)
    save_bundle(bundle, tmp_path / "bundle")
    loaded = load_bundle(tmp_path / "bundle")
    assert loaded.manifest == bundle.manifest
    assert loaded.vocabulary == bundle.vocabulary
    assert loaded.digest == bundle.digest
    assert loaded.tensors.keys() == bundle.tensors.keys()
    for name, tensor in bundle.tensors.items():
        assert loaded.tensors[name].dtype == tensor.dtype
        assert np.array_equal(loaded.tensors[name], tensor)


@settings(max_examples=30, deadline=None)
@given(
    classes=st.lists(st.text(), min_size=2, max_size=5, unique=True),
    metrics=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False), max_size=4),
    form=st.text(),
)
def test_names_and_figures_of_any_kind_survive_the_disk(
    classes: list[str], metrics: dict[str, float], form: str
) -> None:
    bundle = small_bundle(form=form, classes=classes, metrics=metrics)
    with TemporaryDirectory() as folder:
        save_bundle(bundle, Path(folder) / "bundle")
        loaded = load_bundle(Path(folder) / "bundle")
    assert loaded.manifest == bundle.manifest
    assert loaded.vocabulary == bundle.vocabulary


def test_a_bundle_is_three_files_and_nothing_else(tmp_path: Path) -> None:
    assert {file.name for file in saved_bundle(tmp_path / "bundle").iterdir()} == {MANIFEST, VOCABULARY, WEIGHTS}


def test_saving_replaces_the_bundle_that_is_there(tmp_path: Path) -> None:
    folder = saved_bundle(tmp_path / "bundle")
    newer = small_bundle(weight=0.5)
    save_bundle(newer, folder)
    assert load_bundle(folder).digest == newer.digest


def test_the_same_model_trained_again_has_the_same_digest() -> None:
    again = [fitted_bundle(LogisticRegression(), per_category=10).digest for _ in range(2)]
    assert again[0] == again[1]
    assert again[0] != fitted_bundle(LogisticRegression(C=2), per_category=10).digest


def test_the_digest_does_not_depend_on_the_time_of_training() -> None:
    assert small_bundle(trained_at=datetime(2030, 1, 1, tzinfo=UTC)).digest == small_bundle().digest


@pytest.mark.parametrize(
    "change",
    [
        {"weight": 0.25 + 2**-50},
        {"form": "bankers"},
        {"model_name": "other"},
        {"model_type": "SGDClassifier"},
        {"classes": [*CLASSES[:-1], "other"]},
        {"feature_count": 5},
        {"text_cleaning": TextCleaning(lowercase=False)},
        {"tfidf": TfidfConfig(sublinear_tf=False)},
        {"classifier": LinearSpec(link="one_vs_rest")},
        {"classifier": MlpSpec(layers=1, activation="relu", link="softmax")},
        {"format_version": 3},
        {"format_version": 3, "temperature": 0.9},
        {"calibration": sample_calibration(300)},
        {"calibration": sample_calibration(300, slope=7.0)},
        {"calibration": sample_calibration(300, slope_terms=1.0)},
        {"calibration": sample_calibration(300, prior_terms=1.0)},
        {"metrics": {"accuracy": 0.9}},
        {"dataset_version": "fedcba9876543210"},
        {"golden": [GoldenExample(text="bank", probabilities=[0.25, 0.5])]},
        {"golden": [GoldenExample(text="banks", probabilities=[0.25, 0.75])]},
    ],
    ids=str,
)
def test_the_digest_depends_on_everything_else(change: dict[str, Any]) -> None:
    assert small_bundle(**change).digest != small_bundle().digest


@pytest.mark.parametrize("name", [VOCABULARY, WEIGHTS])
@settings(max_examples=40, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_a_bundle_with_any_byte_changed_is_refused(name: str, place: float, mask: int) -> None:
    with saved_elsewhere() as folder:
        content = bytearray((folder / name).read_bytes())
        content[int(place * len(content))] ^= mask
        (folder / name).write_bytes(content)
        with pytest.raises(BundleError, match=f"{name} is not what {MANIFEST} says. Fetch the bundle again"):
            load_bundle(folder)


@settings(max_examples=100, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_a_manifest_with_a_byte_changed_is_refused_or_says_the_same(place: float, mask: int) -> None:
    """A byte of white space may change, and the time of training, which the digest leaves out."""
    with saved_elsewhere() as folder:
        content = bytearray((folder / MANIFEST).read_bytes())
        content[int(place * len(content))] ^= mask
        (folder / MANIFEST).write_bytes(content)
        try:
            found = load_bundle(folder).manifest
        except BundleError:
            return
        original = small_bundle().manifest
        assert found.model_copy(update={"trained_at": original.trained_at}) == original


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: m["metrics"].update(accuracy=0.99),
        lambda m: m["metrics"].update(f1_weighted=0.99),
        lambda m: m["classes"].reverse(),
        lambda m: m.update(model_name="other"),
        lambda m: m.update(model_type="MLPClassifier"),
        lambda m: m.update(feature_count=7),
        lambda m: m["text_cleaning"].update(remove_numbers=True),
        lambda m: m["tfidf"].update(ngram_range=[1, 1]),
        lambda m: m["classifier"].update(link="sigmoid"),
        lambda m: m.update(temperature=0),
        lambda m: m.update(calibration=sample_calibration(300).model_dump()),
        lambda m: m.update(dataset_version="other"),
        lambda m: m["files"].update({WEIGHTS: "0" * 64}),
        lambda m: m["files"].update({"weights.pkl": "0" * 64}),
        lambda m: m["files"].pop(VOCABULARY),
        lambda m: m.update(digest="sha256:" + "0" * 64),
        lambda m: m.update(digest=""),
        lambda m: m.pop("digest"),
        lambda m: m.pop("classes"),
        lambda m: m.update(classes=["only one"]),
        lambda m: m.update(classes="business"),
        lambda m: m["metrics"].update(accuracy=None),
        lambda m: m["classifier"].update(kind="transformer"),
        lambda m: m["golden"][0].update(text="other"),
        lambda m: m["golden"][0].update(probabilities=[0.75, 0.25]),
        lambda m: m["golden"][0].update(probabilities=[2, -1]),
        lambda m: m["golden"].clear(),
        lambda m: m.pop("golden"),
        lambda m: m.update(entry_point="os:system"),
        lambda m: m.update(format_version=6),
        lambda m: m.update(format_version=3),
        lambda m: m.update(format_version="5"),
    ],
)
def test_a_bundle_with_an_edited_manifest_is_refused(edit: Callable[[dict[str, Any]], object], tmp_path: Path) -> None:
    folder = saved_bundle(tmp_path / "bundle")
    edit_manifest(folder, edit)
    with pytest.raises(BundleError, match=r"[Ff]etch"):
        load_bundle(folder)


def test_a_manifest_that_was_only_laid_out_anew_is_accepted(tmp_path: Path) -> None:
    folder = saved_bundle(tmp_path / "bundle")
    content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (folder / MANIFEST).write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
    assert load_bundle(folder).digest == small_bundle().digest


@pytest.mark.parametrize("name", [MANIFEST, VOCABULARY, WEIGHTS])
@pytest.mark.parametrize("kept", [0, 0.01, 0.5, 0.999])
def test_a_bundle_with_a_truncated_file_is_refused(name: str, kept: float, tmp_path: Path) -> None:
    folder = saved_bundle(tmp_path / "bundle")
    content = (folder / name).read_bytes()
    cut = content.rstrip()[: int(kept * len(content.rstrip()))]
    (folder / name).write_bytes(cut)
    with pytest.raises(BundleError, match="Fetch"):
        load_bundle(folder)


@pytest.mark.parametrize("name", [MANIFEST, VOCABULARY, WEIGHTS])
def test_a_bundle_without_one_of_its_files_is_refused_by_the_name_of_the_file(name: str, tmp_path: Path) -> None:
    folder = saved_bundle(tmp_path / "bundle")
    (folder / name).unlink()
    with pytest.raises(BundleError, match=f"is not a whole bundle of a format from 3 to 5: .*{name}.* Fetch it again"):
        load_bundle(folder)


@pytest.mark.parametrize("name", [MANIFEST, VOCABULARY, WEIGHTS])
def test_a_folder_in_place_of_a_file_is_refused(name: str, tmp_path: Path) -> None:
    folder = saved_bundle(tmp_path / "bundle")
    (folder / name).unlink()
    (folder / name).mkdir()
    with pytest.raises(BundleError, match=name):
        load_bundle(folder)


def test_a_folder_that_is_none_or_not_there_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for name in ("nowhere", "file"):
        with pytest.raises(BundleError, match=name):
            load_bundle(tmp_path / name)


def test_files_of_two_bundles_do_not_mix(tmp_path: Path) -> None:
    folder = saved_bundle(tmp_path / "bundle")
    save_bundle(small_bundle(weight=0.5), tmp_path / "other")
    (folder / WEIGHTS).write_bytes((tmp_path / "other" / WEIGHTS).read_bytes())
    with pytest.raises(BundleError, match=WEIGHTS):
        load_bundle(folder)


def test_a_pickle_in_place_of_the_weights_is_refused_and_never_run(tmp_path: Path) -> None:
    folder = saved_bundle(tmp_path / "bundle")
    (folder / WEIGHTS).write_bytes(pickle_that_leaves_a_trace(tmp_path / "trace"))
    with pytest.raises(BundleError, match=WEIGHTS):
        load_bundle(folder)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("name", [VOCABULARY, WEIGHTS])
def test_a_pickle_whose_digests_were_forged_is_refused_and_never_run(name: str, tmp_path: Path) -> None:
    folder = saved_bundle(tmp_path / "bundle")
    put_sealed(folder, name, pickle_that_leaves_a_trace(tmp_path / "trace"))
    with pytest.raises(BundleError, match="cannot be read"):
        load_bundle(folder)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (VOCABULARY, b""),
        (VOCABULARY, b"\xff\xfe"),
        (VOCABULARY, b"[]"),
        (VOCABULARY, b'{"terms": [1], "forms": {}}'),
        (VOCABULARY, b'{"terms": [], "forms": {}, "code": "x"}'),
        (WEIGHTS, b""),
        (WEIGHTS, b"\0" * 8),
        (WEIGHTS, b"\xff" * 64),
        (WEIGHTS, save_tensors({"idf": np.ones(9)})[:-1]),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_though_its_digests_fit(
    name: str, content: bytes, tmp_path: Path
) -> None:
    folder = saved_bundle(tmp_path / "bundle")
    put_sealed(folder, name, content)
    with pytest.raises(BundleError, match="cannot be read"):
        load_bundle(folder)


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3"])
def test_weights_of_a_type_that_numpy_does_not_have_are_refused(dtype: str, tmp_path: Path) -> None:
    size = {"BF16": 2, "F8_E4M3": 1}[dtype]
    header = json.dumps({"idf": {"dtype": dtype, "shape": [4], "data_offsets": [0, 4 * size]}}).encode()
    folder = saved_bundle(tmp_path / "bundle")
    put_sealed(folder, WEIGHTS, struct.pack("<Q", len(header)) + header + bytes(4 * size))
    with pytest.raises(BundleError, match="cannot be read"):
        load_bundle(folder)


@pytest.mark.parametrize("name", [VOCABULARY, WEIGHTS])
@pytest.mark.parametrize("replaced", [True, False])
def test_a_write_killed_in_the_middle_of_a_file_leaves_nothing_visible(
    name: str, replaced: bool, tmp_path: Path
) -> None:
    newer = small_bundle(weight=0.5)
    save_bundle(newer, tmp_path / "source" / "newer")
    before = (tmp_path / "source" / "newer" / VOCABULARY).stat().st_size
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    if replaced:
        saved_bundle(shelf / "bundle")
    script = """
import resource, signal, sys
from pathlib import Path
from newsdesk.model.bundle_files import load_bundle, save_bundle
bundle = load_bundle(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
save_bundle(bundle, Path(sys.argv[2]))
"""
    longest = before // 2 if name == VOCABULARY else before + 100
    arguments = [str(tmp_path / "source" / "newer"), str(shelf / "bundle"), str(longest)]
    run = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, check=False, timeout=60)

    assert run.returncode == -signal.SIGXFSZ
    assert [file.name for file in shelf.iterdir() if not file.name.startswith(".")] == ["bundle"] * replaced
    if replaced:
        assert load_bundle(shelf / "bundle").digest == small_bundle().digest
    save_bundle(newer, shelf / "bundle")
    assert load_bundle(shelf / "bundle").digest == newer.digest

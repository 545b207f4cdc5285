from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from newsdesk.config.config_files import load_config, load_model_config, load_pipeline_config
from newsdesk.config.model_config import ModelConfig
from newsdesk.config.pipeline_config import PipelineConfig
from newsdesk.errors import ConfigError

CONFIGS = Path(__file__).parents[3] / "configs"
FILES: list[tuple[str, type[BaseModel]]] = [
    ("model_config.yaml", ModelConfig),
    ("pipeline_config.yaml", PipelineConfig),
]


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "config.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def levels(model: type[BaseModel], *parents: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Every place where keys are known: the path to it, and the keys."""
    yield parents, list(model.model_fields)
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from levels(field.annotation, *parents, name)


EVERY_KEY = [
    pytest.param(model, parents, key, id=".".join((*parents, key)))
    for _, model in FILES
    for parents, keys in levels(model)
    for key in keys
]


def nested(parents: tuple[str, ...], content: dict[str, object]) -> str:
    for parent in reversed(parents):
        content = {parent: content}
    return yaml.safe_dump(content)


@pytest.mark.parametrize(("name", "model"), FILES)
def test_the_file_in_configs_shows_every_key_with_its_default(name: str, model: type[BaseModel]) -> None:
    shown = yaml.safe_load((CONFIGS / name).read_text(encoding="utf-8"))

    assert shown == model().model_dump(mode="json")


@pytest.mark.parametrize("content", ["", "\n", "# only a comment\n", "---\n...\n"])
def test_a_file_that_says_nothing_gives_the_defaults(tmp_path: Path, content: str) -> None:
    assert load_config(write(tmp_path, content), PipelineConfig) == PipelineConfig()


@pytest.mark.parametrize(
    ("model", "content"),
    [
        (PipelineConfig, "data_pipeline:\n  categories:\n#   aliases: {sport: sports}\n"),
        (PipelineConfig, "data_pipeline: {categories: {aliases: , exclude: }}"),
        (PipelineConfig, "training_pipeline: {gate: , on_category_change: }\nmonitoring:\n"),
        (ModelConfig, "feature_extraction: {tfidf: }\nmodels:\n"),
    ],
)
def test_a_section_without_keys_gives_the_defaults(tmp_path: Path, model: type[BaseModel], content: str) -> None:
    assert load_config(write(tmp_path, content), model) == model()


def test_each_file_is_found_by_its_name_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "model_config.yaml").write_text("models: {naive_bayes: {alpha: 0.5}}")
    (tmp_path / "pipeline_config.yaml").write_text("training_pipeline: {random_seed: 7}")

    assert load_model_config(tmp_path).models == {"naive_bayes": {"alpha": 0.5}}
    assert load_pipeline_config(tmp_path).training_pipeline.random_seed == 7


@pytest.mark.parametrize(
    ("loader", "model"), [(load_model_config, ModelConfig), (load_pipeline_config, PipelineConfig)]
)
def test_a_folder_without_the_file_gives_the_defaults(
    tmp_path: Path, loader: Callable[[Path], BaseModel], model: type[BaseModel]
) -> None:
    assert loader(tmp_path / "nowhere") == model()


def test_what_a_file_leaves_out_keeps_its_default_at_every_level(tmp_path: Path) -> None:
    read = load_config(write(tmp_path, "preprocessing: {text_cleaning: {lowercase: false}}"), ModelConfig)

    changed = ModelConfig().model_dump()
    changed["preprocessing"]["text_cleaning"]["lowercase"] = False
    assert read.model_dump() == changed


@pytest.mark.parametrize(("model", "parents", "key"), EVERY_KEY)
def test_a_misspelt_key_is_an_error_that_names_the_nearest(
    tmp_path: Path, model: type[BaseModel], parents: tuple[str, ...], key: str
) -> None:
    path = write(tmp_path, nested(parents, {f"{key}z": 1}))

    with pytest.raises(ConfigError) as refused:
        load_config(path, model)

    assert str(refused.value) == f"{path}: unknown key '{'.'.join((*parents, key))}z'. Did you mean '{key}'?"


@pytest.mark.parametrize(
    ("model", "parents", "keys"),
    [
        pytest.param(model, parents, keys, id=".".join((model.__name__, *parents)))
        for _, model in FILES
        for parents, keys in levels(model)
    ],
)
def test_a_key_like_no_other_is_an_error_that_lists_the_known_ones(
    tmp_path: Path, model: type[BaseModel], parents: tuple[str, ...], keys: list[str]
) -> None:
    path = write(tmp_path, nested(parents, {"qqq": 1}))

    with pytest.raises(ConfigError) as refused:
        load_config(path, model)

    assert str(refused.value).endswith(f"'{'.'.join((*parents, 'qqq'))}'. Known keys here: {', '.join(keys)}.")


@pytest.mark.parametrize(
    ("model", "content", "told"),
    [
        (
            ModelConfig,
            "preprocessing: {text_cleaning: {lowercase: perhaps}}",
            "'preprocessing.text_cleaning.lowercase'",
        ),
        (ModelConfig, "feature_extraction: {tfidf: {ngram_range: 3}}", "'feature_extraction.tfidf.ngram_range'"),
        (ModelConfig, "feature_extraction: {tfidf: {max_features: many}}", "'feature_extraction.tfidf.max_features'"),
        (ModelConfig, "feature_extraction: {tfidf: 3}", "'feature_extraction.tfidf'"),
        (ModelConfig, "models: [naive_bayes]", "'models'"),
        (ModelConfig, "models: {naive_bayes: }", "'models.naive_bayes'"),
        (PipelineConfig, "training_pipeline: {auto_deploy_threshold: 55}", "'training_pipeline.auto_deploy_threshold'"),
        (PipelineConfig, "training_pipeline: {random_seed: 1.5}", "'training_pipeline.random_seed'"),
        (PipelineConfig, "monitoring: {alert_thresholds: 3}", "'monitoring.alert_thresholds'"),
        (PipelineConfig, "training_pipeline: {gate: paired}", "'training_pipeline.gate': it is a section, with keys"),
        (PipelineConfig, "data_pipeline: {schedule_interval: 5}", "'data_pipeline.schedule_interval'"),
        (PipelineConfig, "training_pipeline: {validation_split: 0.6, test_split: 0.6}", "something to train on"),
        (PipelineConfig, "- data_pipeline", "'the file'"),
        (PipelineConfig, "just a sentence", "'the file'"),
        (PipelineConfig, "1: 2", "'1'"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error_that_names_file_key_and_value(
    tmp_path: Path, model: type[BaseModel], content: str, told: str
) -> None:
    path = write(tmp_path, content)

    with pytest.raises(ConfigError) as refused:
        load_config(path, model)

    message = str(refused.value)
    assert message.startswith(f"{path}: ")
    assert told in message
    assert "It is " in message
    assert "\n" not in message


@pytest.mark.parametrize(("key", "value"), [("max_df", "most"), ("min_df", "few"), ("stop_words", "5")])
def test_where_a_key_may_hold_several_types_the_error_names_the_key_alone(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ConfigError, match=rf": 'feature_extraction\.tfidf\.{key}': "):
        load_config(write(tmp_path, f"feature_extraction: {{tfidf: {{{key}: {value}}}}}"), ModelConfig)


def test_a_huge_wrong_value_does_not_fill_the_screen(tmp_path: Path) -> None:
    path = write(tmp_path, f"preprocessing: {{text_cleaning: {{lowercase: {'x' * 10_000}}}}}")

    with pytest.raises(ConfigError) as refused:
        load_config(path, ModelConfig)

    assert len(str(refused.value)) < len(str(path)) + 510


@pytest.mark.parametrize(
    "content",
    [
        "models: [",
        "models:\n\t- tab",
        "a: b: c",
        "'unclosed",
        "x: \x00",
        "&a [*b]",
        "!!python/object/apply:os.getcwd []",
        "data_pipeline: {}\n---\nmonitoring: {}",
        b"\xff\xfe\x00",
        "name: Zürich".encode("latin-1"),
        pytest.param("when: 2024-13-45"),
        pytest.param(
            "[" * 5000,
            id="deeply nested",
        ),
    ],
)
def test_a_file_that_is_not_yaml_is_an_error_of_one_line_that_says_where(tmp_path: Path, content: str | bytes) -> None:
    path = write(tmp_path, content)

    with pytest.raises(ConfigError) as refused:
        load_config(path, PipelineConfig)

    message = str(refused.value)
    assert message.startswith(f"{path} is not valid YAML: ")
    assert message.endswith(". Correct it.")
    assert "\n" not in message

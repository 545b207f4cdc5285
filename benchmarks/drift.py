"""How often drift is seen where there is none, and how surely where there is."""

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.main_job import run_main_job
from benchmarks.other_languages import FRENCH, GERMAN
from benchmarks.tables import markdown
from newsdesk.config.pipeline_config import DriftThresholds
from newsdesk.model.bundle import Bundle
from newsdesk.model.bundle_files import load_bundle
from newsdesk.model.predictor import Predictor
from newsdesk.monitoring.drift import DriftReference, drift_scores, window_state
from newsdesk.monitoring.report import DriftScore, State
from newsdesk.monitoring.significance import proportion
from newsdesk.monitoring.window_counts import WindowCounts
from newsdesk.registry.champion_pointer import read_champion_pointer
from newsdesk.text.cleaning import join_title_and_text
from newsdesk.text.language import guess_language

_SIZES = (100, 300, 1000)  # texts of a window
_CALM, _DRIFTED = 1000, 50  # windows
_MIN_TEXTS = 100

Row = dict[str, str]


@dataclass(frozen=True)
class Pool:
    """Texts, and what the model's log would keep of each."""

    categories: list[str]
    confidence: np.ndarray[Any, np.dtype[np.float64]]
    lengths: np.ndarray[Any, np.dtype[np.int64]]
    known_shares: np.ndarray[Any, np.dtype[np.float64]]
    languages: list[str]
    terms: list[str]

    def window(self, chosen: Sequence[int]) -> tuple[WindowCounts, list[str]]:
        tally = WindowCounts(predictions=len(chosen))
        rows = np.array(chosen)
        tally.count([self.categories[i] for i in chosen], self.confidence[rows], self.lengths[rows])
        tally.count_sampled(self.known_shares[rows], [self.languages[i] for i in chosen])
        return tally, [self.terms[i] for i in chosen]


def report(data: Path) -> str:
    random = np.random.default_rng(42)
    bbc, ag, dated = (_rows(data / f"{name}.csv") for name in ("bbc_news", "ag_news", "huffpost_dated"))
    huffpost = _rows(data / "huffpost_42.csv")
    early = [row for row in dated if row["date"] < "2014"]
    calm, power = [], []

    for name, rows in (("BBC", bbc), ("AG News (part)", ag), ("HuffPost, 42 categories", huffpost)):
        order = random.permutation(len(rows))
        learnt, other = ([rows[i] for i in part] for part in np.array_split(order, 2))
        bundle = _trained(learnt)
        calm += [(name, size, *_alarms(_windows(bundle, other, size, _CALM, random))) for size in _SIZES]
        if name == "BBC":
            power += _of_bbc(bundle, other, huffpost, random)

    bundle = _trained(early)
    for year in ("2014", "2016", "2018"):
        later = [row for row in dated if row["date"].startswith(year)]
        power.append(_power(f"HuffPost 2012-13 → {year}", bundle, later, random))
    return _tables(calm, power)


def _of_bbc(bundle: Bundle, other: list[Row], huffpost: list[Row], random: np.random.Generator) -> list[Any]:
    foreign = [{"title": "", "text": text} for text in _written(GERMAN, random) + _written(FRENCH, random)]
    fifth = [*other[: 4 * len(other) // 5], *_drawn(foreign, len(other) // 5, random)]
    return [
        _power("BBC → HuffPost", bundle, huffpost, random),
        _power("BBC → BBC without sport", bundle, [row for row in other if row["category"] != "sport"], random),
        _power("BBC → BBC, a fifth of it German and French", bundle, fifth, random),
        _power("BBC → German and French", bundle, foreign, random),
        _power("BBC → BBC, headlines only", bundle, [row | {"text": row["title"]} for row in other], random),
    ]


def _power(name: str, bundle: Bundle, rows: list[Row], random: np.random.Generator) -> tuple[str, ...]:
    cells = []
    for size in _SIZES:
        windows = _windows(bundle, rows, size, _DRIFTED, random)
        found = [state for state, _ in windows]
        seen, confirmed = sum(state != "none" for state in found), found.count("confirmed")
        cells.append(f"{seen / len(found):.0%} / {confirmed / len(found):.0%}")
    return name, *cells, _typical(windows)


def _typical(windows: list[tuple[State, tuple[DriftScore, ...]]]) -> str:
    """The median of each score in the largest windows."""
    by_feature: dict[str, list[float]] = {}
    for _, scores in windows:
        for score in scores:
            by_feature.setdefault(score.feature, []).append(score.score)
    return ", ".join(f"{feature} {np.median(found):.2f}" for feature, found in by_feature.items())


def _windows(
    bundle: Bundle, rows: list[Row], size: int, count: int, random: np.random.Generator
) -> list[tuple[State, tuple[DriftScore, ...]]]:
    reference, pool, thresholds = DriftReference(bundle), _pool(bundle, rows), DriftThresholds()
    found = []
    for _ in range(count):
        chosen = random.choice(len(rows), size=min(size, len(rows)), replace=False)
        tally, terms = pool.window(chosen.tolist())
        scores = drift_scores(reference, tally, terms, thresholds, min_texts=_MIN_TEXTS)
        found.append((window_state(scores), scores))
    return found


def _pool(bundle: Bundle, rows: list[Row]) -> Pool:
    texts = [join_title_and_text(row["title"], row["text"]) for row in rows]
    predictor = Predictor(bundle)
    predictions = predictor.predict_many(texts)
    traits = [predictor.text_stats(text) for text in texts]
    return Pool(
        [prediction.category for prediction in predictions],
        np.array([prediction.confidence for prediction in predictions]),
        np.array([len(text) for text in texts]),
        np.array([each.known_share for each in traits]),
        [guess_language(text) for text in texts],
        [each.terms for each in traits],
    )


def _alarms(windows: list[tuple[State, tuple[DriftScore, ...]]]) -> tuple[str, str, str, str]:
    states = [state for state, _ in windows]
    share = proportion(sum(state != "none" for state in states), len(states))
    assert share is not None
    return (
        str(len(states)),
        f"{share.share:.2%}",
        f"{share.low:.2%} to {share.high:.2%}",
        f"{states.count('confirmed') / len(states):.2%}",
    )


def _trained(rows: list[Row]) -> Bundle:
    """The bundle that the main job makes of these rows, with the shipped settings of logistic regression."""
    with TemporaryDirectory() as folder:
        home, table, configs = Path(folder) / "var", Path(folder) / "articles.jsonl", Path(folder) / "configs"
        configs.mkdir()
        (configs / "model_config.yaml").write_text("models: {logistic_regression: {C: 1.0, max_iter: 1000}}\n")
        (configs / "pipeline_config.yaml").write_text(
            "data_pipeline: {max_quarantined_share: 0.5}\ntraining_pipeline: {auto_deploy_threshold: 0.1}\n"
        )
        counts: dict[str, int] = {}
        for row in rows:
            counts[row["category"]] = counts.get(row["category"], 0) + 1
        kept = [{k: row[k] for k in ("title", "text", "category")} for row in rows if counts[row["category"]] >= 10]
        table.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
        os.environ["NEWSDESK_CONFIG_DIR"] = str(configs)
        try:
            run_main_job(home, "--data", str(table))
        finally:
            del os.environ["NEWSDESK_CONFIG_DIR"]
        champion = read_champion_pointer(home / "bundles")
        assert champion is not None
        return load_bundle(home / "bundles" / champion.bundle)


def _rows(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as opened:
        return [{"title": "", **row} for row in csv.DictReader(opened)]


def _drawn(rows: list[Row], count: int, random: np.random.Generator) -> list[Row]:
    return [rows[i] for i in random.choice(len(rows), size=count)]


def _written(sentences: Sequence[str], random: np.random.Generator) -> list[str]:
    """Texts of ten of the sentences each."""
    return [" ".join(sentences[i] for i in random.choice(len(sentences), size=10)) for _ in range(600)]


def _tables(calm: list[Any], power: list[Any]) -> str:
    return (
        "## Drift (`python -m benchmarks drift`)\n\n"
        "Logistic regression is trained on a random half of the data by `newsdesk run`; windows are drawn from the "
        "other half, so that nothing has drifted. Alarms are windows in which drift is suspected or confirmed, all "
        "thresholds as shipped. At most 1 % is wanted.\n\n"
        + markdown(("data", "texts", "windows", "false alarms", "95 % interval", "confirmed"), calm)
        + "\nWhere something has drifted: share of 50 windows in which it is seen / confirmed by the domain "
        "classifier, by the number of texts, and the median scores of the largest windows.\n\n"
        + markdown(("drift", *(f"{size} texts" for size in _SIZES), "scores"), power)
    )

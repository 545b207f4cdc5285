"""One model, saved in the form that each contender serves."""

import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.linear_model import LogisticRegression

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.bundle_files import save_bundle
from newsdesk.model.profile_builder import add_profile
from newsdesk.registry.champion_pointer import ChampionPointer, bundle_folder_name, write_champion_pointer
from newsdesk.text.cleaning import Cleaner
from tests.builders import bundle_of, fit_pipeline

APPS = Path(__file__).with_name("apps")


@dataclass(frozen=True)
class SavedModel:
    """The fitted pipeline, and where it lies as newsdesk's state, as a pickle, and as an MLflow model."""

    pipeline: Any
    newsdesk_home: Path
    pickle: Path
    mlflow: Path

    def probabilities(self, text: str) -> dict[str, float]:
        """What every contender must answer to `text`."""
        (row,) = self.pipeline.predict_proba([Cleaner(TextCleaning()).clean(text)])
        return dict(zip(self.pipeline.classes_.tolist(), row.tolist(), strict=True))


def fit_and_save(folder: Path, texts: list[str], categories: list[str]) -> SavedModel:
    """Logistic regression over the default cleaning and features."""
    cleaning, tfidf = TextCleaning(), TfidfConfig()
    pipeline = fit_pipeline(LogisticRegression(max_iter=1000), texts, categories, cleaning, tfidf)
    saved = SavedModel(pipeline, folder / "newsdesk", folder / "pipeline.pickle", folder / "mlflow")
    bundle, bundles = add_profile(bundle_of(pipeline, cleaning, tfidf), texts[::5]), saved.newsdesk_home / "bundles"
    save_bundle(bundle, bundles / bundle_folder_name(bundle.digest))
    write_champion_pointer(
        bundles, ChampionPointer(version="1", digest=bundle.digest, bundle=bundle_folder_name(bundle.digest))
    )
    saved.pickle.write_bytes(pickle.dumps(pipeline))
    _save_for_mlflow(saved)
    return saved


def _save_for_mlflow(saved: SavedModel) -> None:
    from mlflow.pyfunc import save_model

    shutil.rmtree(saved.mlflow, ignore_errors=True)
    save_model(
        saved.mlflow,
        python_model=str(APPS / "mlflow_model.py"),
        artifacts={"pipeline": str(saved.pickle)},
        pip_requirements=["scikit-learn"],
    )

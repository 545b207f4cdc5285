"""What a bundle is made of: a manifest, a vocabulary and the weights of a classifier."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.model.calibration import Calibration
from newsdesk.model.reference_profile import ReferenceProfile

FORMAT_VERSION: Literal[5] = 5  # of bundles that are written; formats 3 and 4 are read as well

Tensors = dict[str, NDArray[np.generic]]
Activation = Literal["identity", "logistic", "tanh", "relu"]
Link = Literal["softmax", "sigmoid", "one_vs_rest"]


class _FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LinearSpec(_FrozenModel):
    """Scores `x @ weights + intercepts`, made probabilities by `link`. Naive Bayes is linear in log space."""

    kind: Literal["linear"] = "linear"
    link: Link


class MlpSpec(_FrozenModel):
    """Layers `weights_0`, `intercepts_0`, `weights_1` …, with `activation` between them and `link` at the end."""

    kind: Literal["mlp"] = "mlp"
    layers: int = Field(ge=1)
    activation: Activation
    link: Link


class ForestSpec(_FrozenModel):
    """Decision trees whose leaf distributions are averaged."""

    kind: Literal["forest"] = "forest"


ClassifierSpec = Annotated[LinearSpec | MlpSpec | ForestSpec, Field(discriminator="kind")]


class GoldenExample(_FrozenModel):
    """A made-up text, and the probability of each class that the bundle gave it where it was trained."""

    text: str
    probabilities: list[Annotated[float, Field(ge=0, le=1)]]


class BundleManifest(_FrozenModel):
    """`bundle.json`. The digest covers all but itself and the time of training: equal models have equal digests.

    Format 3 is calibrated by `temperature` and knows no `calibration`; since format 4 it is the other way round. Since
    format 5 a profile says what told the languages.
    """

    format_version: Literal[3, 4, 5] = FORMAT_VERSION
    digest: str = ""
    trained_at: datetime
    model_name: str
    model_type: str
    classes: list[str] = Field(min_length=2)
    feature_count: int = Field(ge=1)
    text_cleaning: TextCleaning
    tfidf: TfidfConfig
    classifier: ClassifierSpec
    temperature: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    calibration: Calibration | None = None
    metrics: dict[str, float]
    dataset_version: str
    files: dict[str, str]
    golden: list[GoldenExample] = Field(default=[], max_length=100)
    profile: ReferenceProfile | None = None

    def expected_digest(self) -> str:
        exclude = {"digest": True, "trained_at": True} | self._fields_not_in_format
        content = self.model_dump(mode="json", exclude=exclude)
        return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def content(self) -> str:
        """What is written to disk."""
        return self.model_dump_json(indent=2, exclude=self._fields_not_in_format) + "\n"

    @property
    def _fields_not_in_format(self) -> dict[str, Any]:
        """What pydantic is to leave out."""
        unknown: dict[str, Any] = {"calibration" if self.format_version == 3 else "temperature": True}
        return unknown if self.format_version >= 5 else unknown | {"profile": {"language_detector"}}


class Vocabulary(_FrozenModel):
    """`vocabulary.json`: how a word on the page becomes a feature.

    `terms[j]` is the n-gram of feature column j, in cleaned words joined by a space. `forms` maps each surface form
    that matters to its cleaned word, or to null where the form is passed over (stop words). A form that is absent is a
    word that no term has.
    """

    terms: list[str]
    forms: dict[str, str | None]


@dataclass(frozen=True)
class Bundle:
    """A bundle in memory."""

    manifest: BundleManifest
    vocabulary: Vocabulary
    tensors: Tensors

    @property
    def digest(self) -> str:
        return self.manifest.digest

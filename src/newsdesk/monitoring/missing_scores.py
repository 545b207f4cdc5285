"""Which scores a window lacks, and why."""

from collections.abc import Collection
from typing import get_args

from newsdesk.model.reference_profile import MOST_SAMPLED, ReferenceProfile
from newsdesk.monitoring.domain_classifier import LEAST
from newsdesk.monitoring.report import DriftFeature
from newsdesk.monitoring.window_counts import WindowCounts, identified_languages
from newsdesk.text.language import DETECTOR

_OF_ALL_TEXTS: frozenset[DriftFeature] = frozenset({"category_mix", "confidence", "text_length"})


def missing_scores(
    scored: Collection[DriftFeature], window: WindowCounts, profile: ReferenceProfile, min_texts: int
) -> dict[DriftFeature, str]:
    """Feature → why it was not scored, for those that are not among the `scored` ones."""
    features: tuple[DriftFeature, ...] = get_args(DriftFeature)
    return {feature: _reason(feature, window, profile, min_texts) for feature in features if feature not in scored}


def _reason(feature: DriftFeature, window: WindowCounts, profile: ReferenceProfile, min_texts: int) -> str:
    reference = min(profile.articles, MOST_SAMPLED)
    if feature in _OF_ALL_TEXTS:
        return f"{window.texts:,} texts in the window, {min_texts:,} needed"
    if window.sampled < min_texts:
        return f"{window.sampled:,} texts of the window were looked at closer, {min_texts:,} needed"
    if feature == "language" and profile.language_detector != DETECTOR:
        return "the model's reference was made by another language detector: the next model is compared again"
    if feature == "language":
        return (
            f"{identified_languages(window.languages).total():,} texts whose language can be told, {min_texts:,} needed"
        )
    if feature == "domain_classifier" and window.sampled < LEAST:
        return f"{window.sampled:,} texts of the window were looked at closer, {LEAST} needed"
    if feature == "domain_classifier" and reference < LEAST:
        return f"{reference:,} texts in the model's test set, {LEAST} needed"
    return "the terms of these texts cannot be compared with the reference's"

"""How good the model is, what it answers, whether the world drifts away from it, and how its pipelines do."""

from monitoring.grafana.source.model import (
    GOOD,
    HAPPENED,
    NO_YES,
    Dashboard,
    Panel,
    Query,
    Section,
    Variable,
    above,
    below,
)
from monitoring.grafana.source.training import MODEL, RATE, labels, training
from newsdesk.config.pipeline_config import Monitoring


def ml_pipeline(limits: Monitoring) -> Dashboard:
    return Dashboard(
        uid="newsdesk-ml-pipeline",
        title="Newsdesk: ML pipeline",
        description="How good the model is, what it answers, whether its input drifts, and how training does.",
        variables=(
            Variable("model_version", "Model version", metric="predictions_total", of="model_version"),
            Variable("newsdesk_url", "Address of Newsdesk", text="http://localhost:8000"),
        ),
        sections=(
            Section("Model performance", _performance(limits)),
            Section("Answers", _answers(limits)),
            Section("Drift", _drift(limits)),
            Section("Labels and experiment", labels()),
            Section("Training and pipelines", training()),
        ),
    )


def _performance(limits: Monitoring) -> tuple[Panel, ...]:
    lowest = limits.alert_thresholds.accuracy_threshold
    promised = lowest + limits.retraining.max_accuracy_drop
    accuracy = 'max(model_accuracy{{source="{}"}})'
    return (
        Panel(
            "Accuracy now",
            "Accuracy of the model in charge: on its test set, by feedback, and as estimated by its confidence.",
            "percentunit",
            (Query("max by (source) (model_accuracy)", "{{source}}"),),
            kind="figure", limits=below(lowest, promised), width=10,
        ),
        Panel(
            "Retraining needed",
            "Whether the rule of k bad windows among the newest n asks for a new model.",
            "none", (Query("max(retraining_needed)", "retraining"),),
            kind="figure", limits=above(1, 2), words=NO_YES, width=4,
        ),
        Panel(
            "Model in charge",
            "The version, and its kind, that answers now.",
            "none", (Query("count by (version, model_type) (model_info == 1)", "version {{version}}, {{model_type}}"),),
            kind="figure", words=(("1", "in charge", GOOD),), width=6,
        ),
        Panel(
            "Age of the model",
            "Time since the model in charge was trained.",
            "s", (Query("time() - max(model_trained_timestamp_seconds)", "age"),),
            kind="figure", limits=above(30 * 86400, 90 * 86400), width=4,
        ),
        Panel(
            "Prediction accuracy over time",
            "Accuracy by feedback with its 95 % interval, next to what calibrated confidence promises and to the test "
            "set. Dashed: the threshold of the alert.",
            "percentunit",
            (
                Query(accuracy.format("live"), "by feedback"),
                Query(accuracy.format("estimated"), "estimated"),
                Query(accuracy.format("test"), "test set"),
                Query('max(model_accuracy_bound{bound="low"})', "lower bound"),
                Query('max(model_accuracy_bound{bound="high"})', "upper bound"),
            ),
            limits=below(lowest, promised), end=1, width=12,
        ),
        Panel(
            "Model performance trends",
            "Mean F1 over the categories, by feedback and on the test set.",
            "percentunit", (Query("avg by (source) (max by (category, source) (model_class_f1))", "{{source}}"),),
            end=1, width=12,
        ),
        Panel(
            "F1 score per category",
            "F1 of each category by feedback, or on the test set where there is no feedback yet.",
            "percentunit", (Query("max by (category, source) (model_class_f1)", "{{category}} ({{source}})"),),
            kind="bars", limits=below(lowest, promised), end=1, width=12,
        ),
        Panel(
            "Feature importance changes",
            "Share of a category's most important terms that were not among them in the model before.",
            "percentunit", (Query("max by (category) (model_importance_change_ratio)", "{{category}}"),),
            kind="bars", limits=above(0.5, 0.8), end=1, width=12,
        ),
    )  # fmt: skip


def _answers(limits: Monitoring) -> tuple[Panel, ...]:
    least = limits.alert_thresholds.confidence_threshold
    known = f"sum(rate(prediction_known_words_ratio_{{}}{RATE}))"
    uncertain = f"sum(rate(prediction_abstentions_total{{{MODEL}}}{RATE}))"
    counted = f"sum(rate(prediction_confidence_count{{{MODEL}}}{RATE}))"
    return (
        Panel(
            "Prediction distribution",
            "Predictions per minute by category.",
            "cpm", (Query(f"60 * sum by (category) (rate(predictions_total{{{MODEL}}}{RATE}))", "{{category}}"),),
            kind="share", width=12,
        ),
        Panel(
            "Confidence",
            "Mean probability of the predicted category, and the tenth and fiftieth percentile. Dashed: the threshold "
            "of the alert.",
            "percentunit",
            (
                Query(f"sum(rate(prediction_confidence_sum{{{MODEL}}}{RATE})) / {counted}", "mean"),
                Query(_confidence(0.5), "median"),
                Query(_confidence(0.1), "10th percentile"),
            ),
            limits=below(least, least + 0.1), end=1, width=12,
        ),
        Panel(
            "Abstentions",
            "Share of the predictions below the threshold that the caller gave.",
            "percentunit",
            (Query(f"({uncertain} or vector(0)) / {counted}", "uncertain"),),
            limits=above(0.2, 0.5),
        ),
        Panel(
            "Known words",
            "Mean share of a text's words that the model knows, in a sample of texts.",
            "percentunit",
            (Query(f"{known.format('sum')} / {known.format('count')}", "known"),),
            limits=below(0.3, 0.5), end=1,
        ),
        Panel(
            "Predictions that failed in the model",
            "Errors of the model by version. More than a few make the server go back to the version before.",
            "cpm", (Query(f"60 * (sum(rate(model_errors_total{{{MODEL}}}{RATE})) or vector(0))", "errors"),),
            limits=above(1, 10),
        ),
    )  # fmt: skip


def _confidence(quantile: float) -> str:
    return f"histogram_quantile({quantile}, sum by (le) (rate(prediction_confidence_bucket{{{MODEL}}}{RATE})))"


def _drift(limits: Monitoring) -> tuple[Panel, ...]:
    of_feature = limits.drift.model_dump(exclude={"significance"})
    scores = {feature: limit for feature, limit in of_feature.items() if feature != "domain_classifier"}
    classifier = of_feature["domain_classifier"]
    return (
        Panel(
            "Drift scores of the newest window",
            "How far the newest window is from the reference, by feature: Jensen-Shannon distance from 0 to 1, and for "
            "the domain classifier its AUC from 0.5. The colour changes at each threshold.",
            "none", (Query("max by (feature) (drift_score)", "{{feature}}"),),
            kind="bars", limits_of=tuple(of_feature.items()), end=1,
        ),
        Panel(
            "Drift scores over time",
            "Jensen-Shannon distance of each feature from the reference. Dashed: the lowest threshold among them.",
            "none", (Query('max by (feature) (drift_score{feature!="domain_classifier"})', "{{feature}}"),),
            limits=above(min(scores.values()), 1), end=1,
        ),
        Panel(
            "Domain classifier",
            "AUC of a classifier that tells the window's texts from the reference's: 0.5 is no difference.",
            "none", (Query('max(drift_score{feature="domain_classifier"})', "AUC"),),
            limits=above(classifier, 1), end=1,
        ),
        Panel(
            "Drift state",
            "too_few: not judged. none: no score beyond its threshold. suspected: one is. confirmed: the domain "
            "classifier finds it, too.",
            "none", (Query("max by (state) (drift_state) == 1", "{{state}}"),),
            kind="states", words=HAPPENED,
        ),
        Panel(
            "Drift detected",
            "1 where a feature's score is beyond its threshold and no chance.",
            "none", (Query("max by (feature) (drift_detected)", "{{feature}}"),),
            kind="states", words=NO_YES,
        ),
        Panel(
            "Since the newest window",
            "Time since the end of the newest window that was looked at. It should stay below two windows.",
            "s", (Query("time() - max(monitoring_window_end_timestamp_seconds)", "since its end"),),
            kind="figure", limits=above(2 * limits.window, 4 * limits.window), width=4,
        ),
        Panel(
            "Predictions in the newest window",
            "How many predictions the newest window holds.",
            "short", (Query("max(monitoring_window_predictions)", "predictions"),),
            kind="figure", width=4,
        ),
    )  # fmt: skip

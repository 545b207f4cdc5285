"""Every metric that Newsdesk exposes: its name, type, labels and meaning. Names keep the base units of Prometheus."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
Unit = Literal["seconds", "bytes", "ratio", "characters", ""]


@dataclass(frozen=True)
class Metric:
    """One metric. `name` is what Prometheus shows; a histogram also has `name`_bucket, _sum and _count.

    `unit` is empty for what is counted, and for 1 and 0 as yes and no.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    unit: Unit = ""
    buckets: tuple[float, ...] = ()


_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_BYTES = (100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0, 100_000_000.0)
_CHARACTERS = (50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0, 100_000.0)

# What a server does.
REQUESTS = Metric("api_requests_total", "counter", "Requests answered.", ("method", "endpoint", "status"))
DURATION = Metric(
    "api_request_duration_seconds", "histogram", "Time from request to answer.", ("method", "endpoint"), "seconds",
    _SECONDS,
)  # fmt: skip
IN_PROGRESS = Metric("api_requests_in_progress", "gauge", "Requests that are being answered now.")
REQUEST_SIZE = Metric(
    "api_request_size_bytes", "histogram", "Size of a request's body.", ("endpoint",), "bytes", _BYTES
)
RESPONSE_SIZE = Metric(
    "api_response_size_bytes", "histogram", "Size of an answer's body.", ("endpoint",), "bytes", _BYTES
)
COUNTRIES = Metric(
    "api_requests_by_country_total", "counter", "Requests by the country that a trusted proxy named.", ("country",)
)
CALLERS = Metric("api_requests_by_caller_total", "counter", "Requests by the name of their API key.", ("caller",))
PREDICTIONS = Metric("predictions_total", "counter", "Predictions made.", ("category", "model_version"))
ABSTENTIONS = Metric(
    "prediction_abstentions_total", "counter", "Predictions below the threshold that the caller gave.",
    ("model_version",),
)  # fmt: skip
CONFIDENCE = Metric(
    "prediction_confidence", "histogram", "Probability of the predicted category.", ("model_version",), "ratio",
    _SHARES,
)  # fmt: skip
TEXT_LENGTH = Metric(
    "prediction_text_length_characters", "histogram", "Length of the texts.", (), "characters", _CHARACTERS
)
KNOWN_WORDS = Metric(
    "prediction_known_words_ratio", "histogram", "Share of a text's words that the model knows, in a sample of texts.",
    (), "ratio", _SHARES,
)  # fmt: skip
LANGUAGES = Metric(
    "prediction_languages_total", "counter", "Texts by the language they seem to be in, in a sample.", ("language",)
)
CACHE = Metric("prediction_cache_requests_total", "counter", "Looks into the cache of answers.", ("result",))
SWAPS = Metric("model_swaps_total", "counter", "Changes of the model in charge, by how they ended.", ("result",))
MODEL_ERRORS = Metric("model_errors_total", "counter", "Predictions that failed in the model.", ("model_version",))
LOG_RECORDS = Metric(
    "prediction_log_records_total", "counter", "Predictions on their way into the store, by what became of them.",
    ("result",),
)  # fmt: skip
SHADOW = Metric(
    "experiment_comparisons_total", "counter", "Answers of the challenger in the shadow, by what they were.",
    ("result",),
)  # fmt: skip
FEEDBACK = Metric("feedback_total", "counter", "Corrections by editors, by what became of them.", ("result",))

# What a server is: read when somebody asks.
MODEL_INFO = Metric("model_info", "gauge", "1 for the model in charge.", ("version", "digest", "model_type"))
ACCURACY = Metric(
    "model_accuracy", "gauge", "Accuracy of the model in charge: on its test set, by feedback, or estimated by its "
    "confidence.", ("source",), "ratio",
)  # fmt: skip
TRAINED = Metric("model_trained_timestamp_seconds", "gauge", "When the model in charge was trained.", (), "seconds")
STORE_UP = Metric("store_up", "gauge", "1 where the store answered when it was last asked.")
SPOOL = Metric("store_spool_bytes", "gauge", "What waits on disk for the store.", ("kind",), "bytes")

SERVER = (
    REQUESTS, DURATION, IN_PROGRESS, REQUEST_SIZE, RESPONSE_SIZE, COUNTRIES, CALLERS, PREDICTIONS, ABSTENTIONS,
    CONFIDENCE, TEXT_LENGTH, KNOWN_WORDS, LANGUAGES, CACHE, SWAPS, MODEL_ERRORS, LOG_RECORDS, SHADOW, FEEDBACK,
    MODEL_INFO, ACCURACY, TRAINED, STORE_UP, SPOOL,
)  # fmt: skip

# How the model does, out of the store: told by the exporter, and embedded by the server.
ACCURACY_BOUND = Metric(
    "model_accuracy_bound",
    "gauge",
    "Ends of the 95 % interval of the accuracy by feedback; the high one alone where editors only correct.",
    ("bound",),
    "ratio",
)
CLASS_F1 = Metric("model_class_f1", "gauge", "F1 score of a category.", ("category", "source"), "ratio")
ARM_ACCURACY = Metric("experiment_arm_accuracy", "gauge", "Accuracy of an arm by feedback.", ("arm",), "ratio")
COVERAGE = Metric("feedback_coverage_ratio", "gauge", "Share of the texts that have usable feedback.", (), "ratio")
LABELS = Metric(
    "feedback_labels", "gauge",
    "Texts with feedback in the windows looked at, by whether it is used, can teach, and why not.", ("state",),
)  # fmt: skip
DRIFT_SCORE = Metric("drift_score", "gauge", "How far the newest window is from the reference.", ("feature",), "ratio")
DRIFT_DETECTED = Metric(
    "drift_detected", "gauge", "1 where a score is beyond its threshold and no chance.", ("feature",)
)
DRIFT_STATE = Metric("drift_state", "gauge", "1 for the state of the newest window, 0 for the others.", ("state",))
WINDOW_END = Metric(
    "monitoring_window_end_timestamp_seconds", "gauge", "End of the newest window that was looked at.", (), "seconds"
)
WINDOW_PREDICTIONS = Metric("monitoring_window_predictions", "gauge", "Predictions in the newest window.")
RETRAINING = Metric("retraining_needed", "gauge", "1 where the rule asks for a new model.")
IMPORTANCE = Metric(
    "model_importance_change_ratio", "gauge",
    "Share of a category's most important terms that were not among them in the model before.", ("category",), "ratio",
)  # fmt: skip
PROMOTIONS = Metric("model_decisions_total", "counter", "Entries of the promotion ledger.", ("decision",))
DECISION_WAITING = Metric("model_decision_waiting", "gauge", "1 where the newest decision waits for a person's yes.")

MODEL_WATCH = (
    ACCURACY, ACCURACY_BOUND, CLASS_F1, ARM_ACCURACY, COVERAGE, LABELS, DRIFT_SCORE, DRIFT_DETECTED, DRIFT_STATE,
    WINDOW_END, WINDOW_PREDICTIONS, RETRAINING, IMPORTANCE, PROMOTIONS, DECISION_WAITING,
)  # fmt: skip

# How the pipelines do: `pipeline` is run, retrain or monitor.
PIPELINE_RUNS = Metric("pipeline_runs_total", "counter", "Runs that ended, by how.", ("pipeline", "status"))
PIPELINE_LAST = Metric(
    "pipeline_last_run_timestamp_seconds", "gauge", "When the newest run ended.", ("pipeline",), "seconds"
)
PIPELINE_SUCCESS = Metric(
    "pipeline_last_success_timestamp_seconds", "gauge", "When the newest run that did not fail ended.", ("pipeline",),
    "seconds",
)  # fmt: skip
PIPELINE_DURATION = Metric(
    "pipeline_last_run_duration_seconds", "gauge", "How long the newest run took.", ("pipeline",), "seconds"
)
PIPELINE_STATUS = Metric(
    "pipeline_last_run_status", "gauge", "1 for how the newest run ended, 0 for the others.", ("pipeline", "status")
)
PIPELINE_ROWS = Metric(
    "pipeline_last_run_rows", "gauge", "Rows of the newest table, by what became of them.", ("pipeline", "result")
)
AIRFLOW_HEALTHY = Metric("airflow_component_healthy", "gauge", "1 where Airflow says so.", ("component",))
DAG_LAST = Metric(
    "airflow_dag_last_run_timestamp_seconds", "gauge", "When the newest run of a DAG ended.", ("dag",), "seconds"
)
DAG_DURATION = Metric(
    "airflow_dag_last_run_duration_seconds",
    "gauge",
    "How long the newest ended run of a DAG took.",
    ("dag",),
    "seconds",
)
DAG_STATE = Metric("airflow_dag_last_run_state", "gauge", "1 for the state of a DAG's newest run.", ("dag", "state"))
SOURCE_UP = Metric("exporter_source_up", "gauge", "1 where a source of the exporter answered.", ("source",))

PIPELINE_WATCH = (
    PIPELINE_RUNS, PIPELINE_LAST, PIPELINE_SUCCESS, PIPELINE_DURATION, PIPELINE_STATUS, PIPELINE_ROWS,
    AIRFLOW_HEALTHY, DAG_LAST, DAG_DURATION, DAG_STATE, SOURCE_UP,
)  # fmt: skip

CATALOGUE = (*SERVER, *(metric for metric in (*MODEL_WATCH, *PIPELINE_WATCH) if metric not in SERVER))

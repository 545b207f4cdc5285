"""Labels, the experiment, and the pipelines that make a model: the lower half of the ML dashboard."""

from monitoring.grafana.source.model import HAPPENED, Panel, Query, above

MODEL = 'model_version=~"$model_version"'
RATE = "[$__rate_interval]"


def labels() -> tuple[Panel, ...]:
    return (
        Panel(
            "Label coverage",
            "Share of the texts that have usable feedback.",
            "percentunit", (Query("max(feedback_coverage_ratio)", "coverage"),),
        ),
        Panel(
            "Labels by state",
            "Texts with feedback by whether it is used, and why not: editors divided, a flood, a distrusted source.",
            "short", (Query("max by (state) (feedback_labels)", "{{state}}"),),
            kind="share",
        ),
        Panel(
            "Corrections received",
            "Feedback per minute by what became of it.",
            "cpm", (Query(f"60 * sum by (result) (rate(feedback_total{RATE}))", "{{result}}"),),
        ),
        Panel(
            "Experiment arms",
            "Accuracy of champion and challenger by feedback.",
            "percentunit", (Query("max by (arm) (experiment_arm_accuracy)", "{{arm}}"),),
            kind="bars", end=1, width=12,
        ),
        Panel(
            "Challenger in the shadow",
            "Answers of the challenger per minute: whether they agree with the champion's.",
            "cpm", (Query(f"60 * sum by (result) (rate(experiment_comparisons_total{RATE}))", "{{result}}"),),
            width=12,
        ),
    )  # fmt: skip


def training() -> tuple[Panel, ...]:
    return (
        Panel(
            "Training job status",
            "How the newest runs of the main job, of retraining and of monitoring ended.",
            "none",
            (Query("max by (pipeline, status) (pipeline_last_run_status) == 1", "{{pipeline}}: {{status}}"),),
            kind="states", words=HAPPENED,
        ),
        Panel(
            "Runs by how they ended",
            "Runs of each pipeline so far.",
            "short", (Query("max by (pipeline, status) (pipeline_runs_total)", "{{pipeline}}: {{status}}"),),
            kind="bars",
        ),
        Panel(
            "Since the last run",
            "Time since each pipeline last ended without failure, and since it last ended at all.",
            "s",
            (
                Query("time() - max by (pipeline) (pipeline_last_success_timestamp_seconds)", "{{pipeline}}: success"),
                Query("time() - max by (pipeline) (pipeline_last_run_timestamp_seconds)", "{{pipeline}}: any run"),
            ),
            kind="bars", limits=above(86400, 7 * 86400),
        ),
        Panel(
            "Duration of the last run",
            "How long the newest run of each pipeline took.",
            "s", (Query("max by (pipeline) (pipeline_last_run_duration_seconds)", "{{pipeline}}"),),
        ),
        Panel(
            "Rows and quarantine",
            "Rows of the newest table: read, kept, and set aside in quarantine.",
            "short", (Query("max by (pipeline, result) (pipeline_last_run_rows)", "{{pipeline}}: {{result}}"),),
            kind="bars",
        ),
        Panel(
            "Promotion decisions",
            "Entries of the promotion ledger by decision, and whether the newest waits for a person's yes.",
            "short",
            (
                Query("max by (decision) (model_decisions_total)", "{{decision}}"),
                Query("max(model_decision_waiting)", "waits now"),
            ),
            kind="bars",
        ),
        Panel(
            "Model swaps",
            "Changes of the model in charge by how they ended, since the servers started.",
            "short", (Query("sum by (result) (model_swaps_total)", "{{result}}"),),
            kind="bars", width=12,
        ),
        Panel(
            "Answers by model version",
            "Predictions per minute by the version that made them: a swap or an experiment shows here.",
            "cpm",
            (Query(f"60 * sum by (model_version) (rate(predictions_total{{{MODEL}}}{RATE}))", "{{model_version}}"),),
            kind="share", width=12,
        ),
    )  # fmt: skip

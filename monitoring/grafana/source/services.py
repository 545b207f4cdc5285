"""The database, the proxy, the registry and the scheduler: the lower half of the dashboard of system health."""

from monitoring.grafana.source.model import BAD, GOOD, HAPPENED, YES_NO, Panel, Query, above, below

RATE = "[$__rate_interval]"


def database() -> tuple[Panel, ...]:
    user = 'datname!~"template.*|"'
    hits, reads = (f"sum(rate(pg_stat_database_blks_{kind}{{{user}}}{RATE}))" for kind in ("hit", "read"))
    return (
        Panel(
            "Database up", "Whether PostgreSQL answers its exporter.", "none",
            (Query("min(pg_up)", "PostgreSQL"),),
            kind="figure", limits=((0, BAD), (1, GOOD)), words=YES_NO, width=6,
        ),
        Panel(
            "Database size", "Size of each database on disk.", "bytes",
            (Query("max by (datname) (pg_database_size_bytes{datname!~\"template.*\"})", "{{datname}}"),),
            kind="figure", width=6,
        ),
        Panel(
            "Connections in use", "Share of the allowed connections in use.", "percentunit",
            (Query("sum(pg_stat_activity_count) / max(pg_settings_max_connections)", "in use"),),
            kind="figure", limits=above(0.7, 0.9), width=6,
        ),
        Panel(
            "Deadlocks", "Deadlocks per minute.", "cpm",
            (Query(f"60 * sum(rate(pg_stat_database_deadlocks{RATE}))", "deadlocks"),),
            kind="figure", limits=above(0.1, 1), width=6,
        ),
        Panel(
            "Database performance", "Transactions per second: committed and rolled back.", "ops",
            (
                Query(f"sum(rate(pg_stat_database_xact_commit{{{user}}}{RATE}))", "committed"),
                Query(f"sum(rate(pg_stat_database_xact_rollback{{{user}}}{RATE}))", "rolled back"),
            ),
        ),
        Panel(
            "Rows", "Rows per second that are read and changed.", "ops",
            tuple(
                Query(f"sum(rate(pg_stat_database_tup_{kind}{{{user}}}{RATE}))", kind)
                for kind in ("fetched", "inserted", "updated", "deleted")
            ),
        ),
        Panel(
            "Buffer hits", "Share of the blocks that were found in memory.", "percentunit",
            (Query(f"{hits} / ({hits} + {reads})", "hits"),), limits=below(0.8, 0.95), end=1,
        ),
    )  # fmt: skip


def services() -> tuple[Panel, ...]:
    return (
        Panel(
            "nginx requests", "Requests per second through the proxy.", "reqps",
            (Query(f"sum by (instance) (rate(nginx_http_requests_total{RATE}))", "{{instance}}"),),
        ),
        Panel(
            "nginx connections", "Open connections by what they do.", "short",
            tuple(
                Query(f"sum(nginx_connections_{state})", state) for state in ("active", "reading", "writing", "waiting")
            ),
        ),
        Panel(
            "nginx connections dropped", "Connections per minute that were accepted and not handled.", "cpm",
            (Query(f"60 * (sum(rate(nginx_connections_accepted{RATE})) - sum(rate(nginx_connections_handled{RATE})))",
                   "dropped"),),
            limits=above(1, 10),
        ),
        Panel(
            "MLflow requests", "Requests per second to the registry by status.", "reqps",
            (Query(f"sum by (status) (rate(mlflow_http_request_total{RATE}))", "{{status}}"),), kind="share", width=12,
        ),
        Panel(
            "MLflow latency", "Time below which 95 % of the requests to the registry are answered.", "s",
            (Query(f"histogram_quantile(0.95, sum by (le) (rate(mlflow_http_request_duration_seconds_bucket{RATE})))",
                   "p95"),),
            limits=above(1, 5), width=12,
        ),
        Panel(
            "Airflow components", "Whether Airflow calls each of its components healthy.", "none",
            (Query("min by (component) (airflow_component_healthy)", "{{component}}"),),
            kind="states", words=YES_NO,
        ),
        Panel(
            "DAG runs", "The state of each DAG's newest run.", "none",
            (Query("max by (dag, state) (airflow_dag_last_run_state) == 1", "{{dag}}: {{state}}"),),
            kind="states", words=HAPPENED,
        ),
        Panel(
            "Duration of DAG runs", "How long the newest ended run of each DAG took.", "s",
            (Query("max by (dag) (airflow_dag_last_run_duration_seconds)", "{{dag}}"),),
        ),
        Panel(
            "Since the last DAG run", "Time since the newest run of each DAG ended.", "s",
            (Query("time() - max by (dag) (airflow_dag_last_run_timestamp_seconds)", "{{dag}}"),),
            kind="bars", limits=above(86400, 7 * 86400), width=12,
        ),
        Panel(
            "Sources of the exporter", "Whether store, registry and Airflow answered the exporter.", "none",
            (Query("min by (source) (exporter_source_up)", "{{source}}"),),
            kind="states", words=YES_NO, width=12,
        ),
    )  # fmt: skip

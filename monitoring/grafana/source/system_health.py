"""Whether every part is up, what the machines, the database and the proxy have left, and which alerts are on."""

from monitoring.grafana.source.model import (
    GOOD,
    HAPPENED,
    WARNING,
    YES_NO,
    Dashboard,
    Panel,
    Query,
    Section,
    Variable,
    above,
    below,
)
from monitoring.grafana.source.services import RATE, database, services

JOB = 'job=~"$job"'
OUTSIDE = '{device!="lo"}'
DISK = 'fstype!~"tmpfs|ramfs|overlay|squashfs|iso9660"'


def system_health() -> Dashboard:
    return Dashboard(
        uid="newsdesk-system-health",
        title="Newsdesk: system health",
        description="Whether every part is up, what machines, database and proxy have left, which alerts are on.",
        variables=(
            Variable("job", "Job", metric="up", of="job"),
            Variable("newsdesk_url", "Address of Newsdesk", text="http://localhost:8000"),
        ),
        sections=(
            Section("Alert summary", _alerts()),
            Section("Container health", _health()),
            Section("Resource utilization", _resources()),
            Section("Database", database()),
            Section("Proxy, registry and scheduler", services()),
        ),
    )


def _alerts() -> tuple[Panel, ...]:
    return (
        Panel(
            "Firing alerts", "Alerts that fire now, by severity. Watchdog, which always does, is not counted.", "short",
            tuple(
                Query(f'count(ALERTS{{alertstate="firing", severity="{severity}"}}) or vector(0)', severity)
                for severity in ("critical", "warning", "info")
            ),
            kind="figure", limits=((0, GOOD), (1, WARNING)), width=8,
        ),
        Panel(
            "Targets down", "Scrape targets that did not answer.", "short",
            (Query("count(up == 0) or vector(0)", "down"),), kind="figure", limits=above(1, 1.5), width=8,
        ),
        Panel(
            "Sources down", "Sources of the exporter that did not answer: store, registry, Airflow.", "short",
            (Query("count(exporter_source_up == 0) or vector(0)", "down"),),
            kind="figure", limits=above(1, 1.5), width=8,
        ),
        Panel(
            "Alert summary", "Alerts that fire or are about to, as Prometheus holds them.", "short",
            (Query("max by (alertname, severity, alertstate) (ALERTS)", "{{alertname}}"),), kind="table", width=12,
        ),
        Panel(
            "Alerts over time", "When which alert fired.", "none",
            (Query('max by (alertname) (ALERTS{alertstate="firing"})', "{{alertname}}"),),
            kind="states", words=HAPPENED, width=12,
        ),
        Panel(
            "Alert list", "Alerts that fire or are about to, with their summaries, as Grafana lists them.", "none", (),
            kind="alerts", width=24,
        ),
    )  # fmt: skip


def _health() -> tuple[Panel, ...]:
    return (
        Panel(
            "Container health status", "Whether each container or process answered its last scrape.", "none",
            (Query(f"min by (job, instance) (up{{{JOB}}})", "{{job}} {{instance}}"),),
            kind="states", words=YES_NO, width=12,
        ),
        Panel(
            "Scrape duration", "How long each scrape took.", "s",
            (Query(f"max by (job) (scrape_duration_seconds{{{JOB}}})", "{{job}}"),), limits=above(1, 5), width=6,
        ),
        Panel(
            "Series scraped", "Series that each job exposes: a leap is a label without bounds.", "short",
            (Query(f"sum by (job) (scrape_samples_scraped{{{JOB}}})", "{{job}}"),), width=6,
        ),
        Panel(
            "Process CPU", "Cores that each process uses.", "short",
            (Query(f"sum by (job) (rate(process_cpu_seconds_total{{{JOB}}}{RATE}))", "{{job}}"),),
        ),
        Panel(
            "Process memory", "Resident memory of each process.", "bytes",
            (Query(f"sum by (job) (process_resident_memory_bytes{{{JOB}}})", "{{job}}"),),
        ),
        Panel(
            "Open files", "Share of its allowed open files that each process uses.", "percentunit",
            (Query(f"max by (job) (process_open_fds{{{JOB}}} / process_max_fds{{{JOB}}})", "{{job}}"),),
            limits=above(0.7, 0.9),
        ),
        Panel(
            "Store", "Whether the store answered when it was last asked.", "none",
            (Query("min(store_up)", "store"),), kind="states", words=YES_NO,
        ),
        Panel(
            "Store spool", "What waits on disk for the store, by kind.", "bytes",
            (Query("sum by (kind) (store_spool_bytes)", "{{kind}}"),), limits=above(1, 100e6),
        ),
        Panel(
            "Prediction log", "Predictions per minute on their way into the store, by what became of them.", "cpm",
            (Query(f"60 * sum by (result) (rate(prediction_log_records_total{RATE}))", "{{result}}"),),
        ),
    )  # fmt: skip


def _resources() -> tuple[Panel, ...]:
    cores = 'count by (instance) (node_cpu_seconds_total{mode="idle"})'
    left = f"node_filesystem_avail_bytes{{{DISK}}} / node_filesystem_size_bytes{{{DISK}}}"
    return (
        Panel(
            "CPU", "Share of the processor time in use.", "percentunit",
            (Query(f'1 - avg by (instance) (rate(node_cpu_seconds_total{{mode="idle"}}{RATE}))', "{{instance}}"),),
            limits=above(0.8, 0.95), end=1,
        ),
        Panel(
            "Memory", "Share of the memory in use.", "percentunit",
            (Query("1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes", "{{instance}}"),),
            limits=above(0.8, 0.95), end=1,
        ),
        Panel(
            "Load", "Load over one minute for each core.", "short",
            (Query(f"node_load1 / on (instance) {cores}", "{{instance}}"),),
            limits=above(1, 2),
        ),
        Panel(
            "Disk", "Share of each disk that is left.", "percentunit",
            (Query(f"min by (instance, device) ({left})", "{{instance}} {{device}}"),),
            limits=below(0.1, 0.2), end=1,
        ),
        Panel(
            "Disk traffic", "Bytes read and written per second.", "binBps",
            (
                Query(f"sum(rate(node_disk_read_bytes_total{RATE}))", "read"),
                Query(f"sum(rate(node_disk_written_bytes_total{RATE}))", "written"),
            ),
        ),
        Panel(
            "Network", "Bytes received from other machines and sent to them, per second.", "binBps",
            (
                Query(f"sum(rate(node_network_receive_bytes_total{OUTSIDE}{RATE}))", "received"),
                Query(f"sum(rate(node_network_transmit_bytes_total{OUTSIDE}{RATE}))", "sent"),
            ),
        ),
    )  # fmt: skip

"""How fast the API answers, how often it fails, who asks for what, and from where."""

from monitoring.grafana.source.model import Dashboard, Panel, Query, Section, Variable, above
from newsdesk.config.pipeline_config import Monitoring

JOB = 'job=~"$job"'
RATE = "[$__rate_interval]"
AVAILABILITY = 0.999
FAST = 'endpoint="/predict"'  # what the objective of 95 % below 100 ms is about


def api_performance(limits: Monitoring) -> Dashboard:
    return Dashboard(
        uid="newsdesk-api-performance",
        title="Newsdesk: API performance",
        description="How fast the API answers, how often it fails, who asks for what, and from where.",
        variables=(
            Variable("job", "Job", metric="api_requests_total", of="job"),
            Variable("newsdesk_url", "Address of Newsdesk", text="http://localhost:8000"),
        ),
        sections=(
            Section("Request rate and latency", _rate_and_latency(limits)),
            Section("Errors and objectives", _errors(limits)),
            Section("Geographic request distribution", _countries()),
            Section("User behaviour", _behaviour()),
        ),
    )


def _rate(metric: str, by: str = "", more: str = "") -> str:
    selector = ", ".join(filter(None, (JOB, more)))
    return f"sum{f' by ({by}) ' if by else ''}(rate({metric}{{{selector}}}{RATE}))"


def _quantile(metric: str, quantile: float, more: str = "") -> str:
    return f"histogram_quantile({quantile}, {_rate(f'{metric}_bucket', 'le', more)})"


def _rate_and_latency(limits: Monitoring) -> tuple[Panel, ...]:
    slowest = limits.alert_thresholds.latency_p95 / 1000
    return (
        Panel(
            "Requests now", "Requests answered per second.", "reqps",
            (Query(_rate("api_requests_total"), "requests"),), kind="figure", width=6,
        ),
        Panel(
            "Throughput now", "Predictions per minute.", "cpm",
            (Query(f"60 * {_rate('predictions_total')}", "predictions"),), kind="figure", width=6,
        ),
        Panel(
            "p95 now", "Time below which 95 % of the requests are answered.", "s",
            (Query(_quantile("api_request_duration_seconds", 0.95), "p95"),),
            kind="figure", limits=above(slowest / 2, slowest), width=6,
        ),
        Panel(
            "In progress now", "Requests that are being answered now.", "short",
            (Query(f"sum(api_requests_in_progress{{{JOB}}})", "in progress"),), kind="figure", width=6,
        ),
        Panel(
            "Request rate", "Requests per second by endpoint.", "reqps",
            (Query(_rate("api_requests_total", "endpoint"), "{{endpoint}}"),), kind="share", width=12,
        ),
        Panel(
            "Latency", "Percentiles of the time from request to answer. Dashed: the threshold of the alert.", "s",
            tuple(
                Query(_quantile("api_request_duration_seconds", share / 100), f"p{share}") for share in (50, 95, 99)
            ),
            limits=above(slowest / 2, slowest), width=12,
        ),
        Panel(
            "Latency by endpoint", "Time below which 95 % of the requests to each endpoint are answered.", "s",
            (Query(f"histogram_quantile(0.95, {_rate('api_request_duration_seconds_bucket', 'le, endpoint')})",
                   "{{endpoint}}"),),
        ),
        Panel(
            "Throughput", "Predictions per minute.", "cpm",
            (Query(f"60 * {_rate('predictions_total')}", "predictions"),),
        ),
        Panel(
            "Requests in progress", "Requests that are being answered at the same time.", "short",
            (Query(f"sum by (instance) (api_requests_in_progress{{{JOB}}})", "{{instance}}"),),
        ),
    )  # fmt: skip


def _errors(limits: Monitoring) -> tuple[Panel, ...]:
    most = limits.alert_thresholds.error_rate
    served = _rate("api_requests_total")
    wrong = 'status=~"[45].."'
    return (
        Panel(
            "Error rate", "Share of the requests that were refused (4xx), and that failed (5xx). Dashed: the threshold "
            "of the alert on 5xx.", "percentunit",
            tuple(
                Query(f"({_rate('api_requests_total', more=status)} or vector(0)) / {served}", name)
                for name, status in (("4xx", 'status=~"4.."'), ("5xx", 'status=~"5.."'))
            ),
            limits=above(most / 2, most),
        ),
        Panel(
            "Errors by status and endpoint", "Requests per second that ended with 4xx or 5xx.", "reqps",
            (Query(_rate("api_requests_total", "status, endpoint", wrong), "{{status}} {{endpoint}}"),),
            kind="share",
        ),
        Panel(
            "Error analysis", "Errors over the time shown, by method, endpoint and status.", "short",
            (Query(f"sum by (method, endpoint, status) (increase(api_requests_total{{{JOB}, {wrong}}}[$__range]))",
                   "{{method}} {{endpoint}} {{status}}"),),
            kind="table",
        ),
        Panel(
            "SLO burn: availability",
            "How many times faster than allowed the error budget of 99.9 % is spent. 1 spends it in exactly a month; "
            "14.4 over an hour pages.", "none",
            tuple(Query(_burn(hours), f"over {hours}") for hours in ("5m", "1h", "6h")),
            limits=above(1, 14.4), width=12,
        ),
        Panel(
            "SLO burn: latency",
            "How many times faster than allowed the budget of 95 % of /predict below 100 ms is spent.", "none",
            tuple(Query(_slow(hours), f"over {hours}") for hours in ("5m", "1h", "6h")),
            limits=above(1, 14.4), width=12,
        ),
    )  # fmt: skip


def _burn(over: str) -> str:
    failed = f'sum(rate(api_requests_total{{{JOB}, status=~"5.."}}[{over}])) or vector(0)'
    return f"({failed}) / sum(rate(api_requests_total{{{JOB}}}[{over}])) / {1 - AVAILABILITY:.3f}"


def _slow(over: str) -> str:
    every = f"sum(rate(api_request_duration_seconds_count{{{JOB}, {FAST}}}[{over}]))"
    fast = f'sum(rate(api_request_duration_seconds_bucket{{{JOB}, {FAST}, le="0.1"}}[{over}]))'
    return f"(1 - {fast} / {every}) / 0.05"


def _countries() -> tuple[Panel, ...]:
    by_country = f"sum by (country) (increase(api_requests_by_country_total{{{JOB}}}[$__range]))"
    return (
        Panel(
            "Requests on the map", "Requests over the time shown, by the country that a trusted proxy named.", "short",
            (Query(by_country, "{{country}}"),), kind="map", width=12,
        ),
        Panel(
            "Requests by country", "The ten countries with most requests over the time shown.", "short",
            (Query(f"topk(10, {by_country})", "{{country}}"),), kind="bars", width=6,
        ),
        Panel(
            "Countries over time", "Requests per second by country.", "reqps",
            (Query(_rate("api_requests_by_country_total", "country"), "{{country}}"),), kind="share", width=6,
        ),
    )  # fmt: skip


def _behaviour() -> tuple[Panel, ...]:
    hit = 'result="hit"'
    hour = 'label_replace(count_values("hour", hour()), "hour", "0$1", "hour", "(.)")'
    return (
        Panel(
            "Requests by caller", "Requests per second by the name of the API key.", "reqps",
            (Query(_rate("api_requests_by_caller_total", "caller"), "{{caller}}"),), kind="share",
        ),
        Panel(
            "Requests by endpoint", "Which endpoints are used, over the time shown.", "short",
            (Query(f"sum by (method, endpoint) (increase(api_requests_total{{{JOB}}}[$__range]))",
                   "{{method}} {{endpoint}}"),),
            kind="bars",
        ),
        Panel(
            "Requests by hour of the day",
            "Requests per minute in each hour of the day (UTC). Choose a range of some days to compare them.", "cpm",
            (Query(f"60 * {hour} * on () group_left () {_rate('api_requests_total')}", "{{hour}}:00"),), kind="share",
        ),
        Panel(
            "Text length", "Percentiles of the length of the texts.", "short",
            tuple(
                Query(_quantile("prediction_text_length_characters", share / 100), f"p{share}") for share in (50, 95)
            ),
        ),
        Panel(
            "Languages", "Texts per minute by the language they seem to be in, in a sample.", "cpm",
            (Query(f"60 * {_rate('prediction_languages_total', 'language')}", "{{language}}"),), kind="share",
        ),
        Panel(
            "Cache hits", "Share of the answers that came from the cache. None do while an experiment runs.",
            "percentunit",
            (Query(f"({_rate('prediction_cache_requests_total', more=hit)} or vector(0)) / "
                   f"{_rate('prediction_cache_requests_total')}", "hits"),),
            end=1,
        ),
        Panel(
            "Request size", "Percentiles of the size of requests.", "bytes",
            tuple(Query(_quantile("api_request_size_bytes", share / 100), f"p{share}") for share in (50, 95)),
            width=12,
        ),
        Panel(
            "Response size", "Percentiles of the size of answers.", "bytes",
            tuple(Query(_quantile("api_response_size_bytes", share / 100), f"p{share}") for share in (50, 95)),
            width=12,
        ),
    )  # fmt: skip

"""`newsdesk monitor`: how the champion does in production."""

from pathlib import Path
from typing import Annotated

import typer


def monitor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write the report as a page; - prints it.")
    ] = None,
    examples: Annotated[
        bool,
        typer.Option("--examples", help="Show the beginnings of texts of what got worse, where texts are kept."),
    ] = False,
) -> None:
    """Look at the prediction log and at feedback: accuracy, what got worse, drift, and whether to retrain."""
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.config_files import load_pipeline_config
    from newsdesk.config.settings import load_settings
    from newsdesk.errors import UsageError
    from newsdesk.pipeline.monitor import MonitoringOptions
    from newsdesk.pipeline.monitor import monitor as run_pass

    if as_json and html == "-":
        raise UsageError("Standard output takes one of --json and --html -. Give --html a file.")
    settings = load_settings()
    with shown_progress() as progress:
        report, manifest, misclassified = run_pass(settings, progress, MonitoringOptions(with_examples=examples))
    monitoring = load_pipeline_config(settings.config_dir).monitoring
    if html is not None:
        from newsdesk import atomic
        from newsdesk.monitoring.page.page import monitor_page

        page = monitor_page(report, manifest, monitoring, settings.newsroom_name, misclassified)
        if html == "-":
            typer.echo(page.encode(), nl=False)
            return
        atomic.write_text(Path(html), page, mode=0o644)
    if as_json:
        from newsdesk.cli.monitoring_output import print_json

        print_json(report, manifest, monitoring, misclassified)
        return
    from newsdesk.cli.monitoring_output import print_tables

    print_tables(report, manifest, monitoring, misclassified)

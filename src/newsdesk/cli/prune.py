"""`newsdesk prune`: let go of what nobody needs any more."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Remove old predictions, datasets, plans and bundles that no registered version names. Never feedback."""
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.operations.prune import prune as run

    with shown_progress() as progress:
        pruned = run(load_settings(), dry_run, progress)
    if as_json:
        print(json.dumps(asdict(pruned), indent=2))
        return
    folders = [f"{len(getattr(pruned, kind)):,} {kind}" for kind in ("datasets", "plans", "bundles")]
    counts = [f"{pruned.predictions:,} predictions", f"{pruned.windows:,} windows", *folders]
    begin = "Would remove" if dry_run else "Removed"
    print(f"{begin} {', '.join(counts)}: {pruned.freed_bytes / 1e6:.1f} MB of files.")

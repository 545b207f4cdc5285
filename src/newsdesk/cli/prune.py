"""`newsdesk prune`: let go of what nobody needs any more."""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Remove old predictions, texts of feedback, and datasets, plans and bundles that nobody names. Feedback stays."""
    from newsdesk.cli.progress import shown_progress
    from newsdesk.config.settings import load_settings
    from newsdesk.operations.prune import prune as run

    with shown_progress() as progress:
        pruned = run(load_settings(), dry_run, progress)
    if as_json:
        print(json.dumps(asdict(pruned), indent=2))
        return
    folders = [f"{len(getattr(pruned, kind)):,} {kind}" for kind in ("datasets", "plans", "bundles")]
    rows = ["predictions", "windows"]
    counts = [*(f"{getattr(pruned, kind):,} {kind}" for kind in rows), f"{pruned.feedback_texts:,} texts of feedback"]
    counts += folders
    verb = "Would remove" if dry_run else "Removed"
    print(f"{verb} {', '.join(counts)}: {pruned.freed_bytes / 1e6:.1f} MB of files.")
    if pruned.feedback_texts_not_learnt:
        remedy = "Run newsdesk retrain first, or set" if dry_run else "To keep such texts longer, set"
        print(
            f"The champion has not learnt from {pruned.feedback_texts_not_learnt:,} of these texts, and the next "
            f"retraining cannot. {remedy} maintenance.feedback_text_days in pipeline_config.yaml higher."
        )

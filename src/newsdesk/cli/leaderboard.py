"""Print how well models did on the test set, beside what always saying the most frequent category would come to."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from newsdesk.cli.tables import print_table, styled, table_of, wide_console

if TYPE_CHECKING:
    from newsdesk.pipeline.train import TrainingResult
    from newsdesk.training.evaluation import Evaluation

DEAD = "bold red"
_MAX_NAMED = 12  # dead categories that are told by name; the table and --json have all


def baseline(test: "Evaluation") -> str:
    """What always saying the most frequent category would come to, in words."""
    category, accuracy = test.baseline
    return f"always {category}: {accuracy:.2f}"


def print_dead(dead: Sequence[str], tested: int) -> None:
    """For people: which of so many categories are dead, and what can be done."""
    if not dead:
        return
    are = "is" if len(dead) == 1 else "are"
    more = f" and {len(dead) - _MAX_NAMED} more" if len(dead) > _MAX_NAMED else ""
    wide_console().print(
        f"{len(dead)} of {tested} categories {are} dead, with F1 0 because no test article is recognised: "
        f"{', '.join(dead[:_MAX_NAMED])}{more}. Give more articles, or weight: `class_weight: balanced` in "
        "configs/model_config.yaml.",
        style=DEAD,
        soft_wrap=True,
    )


def print_leaderboard(console: Console, trained: "TrainingResult") -> None:
    """All candidates, the best first, and what always saying one category would come to."""
    table = table_of()
    table.add_column("model", no_wrap=True)
    for heading in ("validation", "test", "macro F1", "fit s", "size MB", "predict ms"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for candidate in sorted(trained.candidates, key=lambda candidate: -candidate.validation.accuracy):
        notes = ["best"] if candidate.name == trained.winner.name else []
        notes += [] if candidate.converged else ["did not converge: raise max_iter"]
        notes += [] if candidate.bundle else ["cannot be served"]
        table.add_row(
            candidate.name,
            f"{candidate.validation.accuracy:.4f}",
            f"{candidate.test.accuracy:.4f}",
            f"{candidate.validation.f1_macro:.4f}",
            f"{candidate.fit_seconds:.2f}",
            "" if candidate.size_bytes is None else f"{candidate.size_bytes / 1e6:.2f}",
            f"{candidate.predict_ms:.3f}",
            ", ".join(notes),
            style="bold" if candidate.name == trained.winner.name else "",
        )
    category, on_test = trained.test.baseline
    on_validation = trained.candidates[0].validation.share_of(category)  # they share their articles
    table.add_row(f"always {category}", f"{on_validation:.4f}", f"{on_test:.4f}", style="dim")
    console.print()
    print_table(console, "Leaderboard, fitted on the train set (accuracy; macro F1 on validation)", table)


def print_per_category(console: Console, trained: "TrainingResult") -> None:
    """How well the winner does by category; the dead ones red."""
    table, dead = table_of(), trained.test.dead_categories
    table.add_column("category")
    for heading in ("precision", "recall", "F1", "articles"):
        table.add_column(heading, justify="right")
    for name, scores in trained.test.per_class.items():
        figures = (f"{scores.precision:.3f}", f"{scores.recall:.3f}", f"{scores.f1:.3f}", f"{scores.support:,}")
        table.add_row(name, *figures, style=DEAD if name in dead else "")
    table.add_section()
    table.add_row(
        "macro average",
        f"{trained.test.precision_macro:.3f}",
        f"{trained.test.recall_macro:.3f}",
        f"{trained.test.f1_macro:.3f}",
        f"{sum(scores.support for scores in trained.test.per_class.values()):,}",
    )
    print_table(console, f"{trained.winner.name}, fitted again on train + validation, on the test set", table)
    console.print(styled("test accuracy ", (f"{trained.test.accuracy:.4f}", "bold"), f" ({baseline(trained.test)})"))
    print_dead(dead, trained.test.tested_categories)

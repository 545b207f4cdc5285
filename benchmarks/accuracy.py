"""The main job with the shipped configuration on three sets of real news."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.main_job import run_main_job
from benchmarks.tables import markdown

SETS = {"bbc_news.csv": "BBC", "ag_news.csv": "AG News (part)", "huffpost_42.csv": "HuffPost, 42 categories"}


def report(data: Path) -> str:
    winners, candidates = [], []
    for file, name in SETS.items():
        with TemporaryDirectory() as home:
            outcome, exit_code, seconds = run_main_job(Path(home), "--data", str(data / file))
        winner = outcome["winner"]
        winners.append(
            (
                name,
                f"{outcome['dataset']['rows']:,}",
                winner["name"],
                f"{winner['test']['accuracy']:.4f}",
                f"{winner['test']['f1_macro']:.4f}",
                f"{outcome['gate']['decision']} (exit {exit_code})",
                f"{seconds:.0f}",
            )
        )
        candidates += [
            (
                name,
                candidate["name"],
                f"{candidate['validation_accuracy']:.4f}",
                f"{candidate['test_accuracy']:.4f}",
                f"{candidate['fit_seconds']:.1f}",
                f"{candidate['size_bytes'] / 1e6:.2f}",
                f"{candidate['predict_ms']:.3f}",
            )
            for candidate in outcome["candidates"]
        ]
    return (
        "## Accuracy of the main job (`python -m benchmarks accuracy`)\n\n"
        "`newsdesk run --data FILE --no-serve` with the shipped configuration: the four classifiers fitted on 60 % of "
        "the stories, the best on validation (20 %) fitted again on 80 % and measured on the test set (20 %).\n\n"
        + markdown(("data", "rows", "winner", "test accuracy", "macro F1", "gate", "seconds in all"), winners)
        + "\nThe candidates, fitted on 60 %:\n\n"
        + markdown(("data", "candidate", "validation", "test", "fit s", "size MB", "predict ms"), candidates)
    )

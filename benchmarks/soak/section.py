"""What a soak came to, for people."""

from collections import Counter
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from benchmarks.soak.outcome import Outcome
from benchmarks.soak.samples import MIB
from benchmarks.tables import markdown

_COLOURS = ("tab:red", "tab:orange", "tab:green", "tab:purple", "tab:brown", "tab:pink", "tab:olive", "tab:cyan")


def section(outcome: Outcome) -> str:
    account, seconds = outcome.account, outcome.samples[-1].second
    faults = Counter(event.fault for event in outcome.events)
    total = sum(outcome.requests.values())
    disks = "" if outcome.has_disks else " (no small disks on this machine: none was full)"
    server_errors = {answer: count for answer, count in outcome.answers.items() if answer.startswith("5")}
    told = ", ".join(f"{count} × {answer}" for answer, count in server_errors.items()) or "none"
    return (
        "## Under faults, for long (`python -m benchmarks soak`)\n\n"
        "`newsdesk serve` with two workers, trained on the sample, texts stored, keys required, for "
        f"{outcome.minutes:g} minutes under {total / seconds:.0f} requests a second of every kind, malformed ones "
        f"among them, while in turns something goes wrong{disks}. Home and temporary files have disks of their own, of "
        "768 and 64 MiB.\n\n![memory, descriptors and disk over time](images/soak.svg)\n\n"
        + markdown(("what went wrong", "times"), sorted(faults.items()))
        + "\n"
        + markdown(
            ("request", "sent", "longest answer"),
            [
                (what, f"{count:,}", f"{outcome.longest[what]:.1f} s")
                for what, count in sorted(outcome.requests.items(), key=lambda item: -item[1])
            ],
        )
        + f"\nAnswers with 5xx: {told}; only feedback may have them, while the disk is full. {outcome.unanswered} "
        "requests were cut off with a killed worker, and sent again where they were feedback. SIGTERM, with "
        f"connections that hang, took {outcome.ending:.1f} s.\n\n"
        f"Acknowledged feedback: {account.feedback:,}, each in the store exactly once. Acknowledged predictions: "
        f"{account.predictions:,}, of which {account.missing:,} are not in the store: {account.lost:,} of the last "
        f"second of killed workers, the others among the {account.dropped:,} that the server counted as dropped, all "
        "while the disk was full.\n\n"
        "Of the second half, with the slope of Theil and Sen (of the workers one is killed in each turn, and one left "
        "alone):\n\n"
        + markdown(
            ("what", "median", "grew by", "flat up to"),
            [
                (
                    f"{trend.name}{', MiB' if trend.unit == MIB else ''}",
                    *(f"{value / trend.unit:.1f}" for value in (trend.median, trend.growth, trend.tolerance)),
                )
                for trend in outcome.trends
            ],
        )
    )


def draw(outcome: Outcome, file: Path) -> None:
    """Memory, descriptors and threads, and disk over time, with the faults behind them."""
    minutes = [sample.second / 60 for sample in outcome.samples]
    figure = Figure(figsize=(9, 8), layout="constrained")
    above, middle, below = figure.subplots(3, 1, sharex=True)
    above.plot(minutes, [sample.memory / MIB for sample in outcome.samples], label="all processes")
    above.plot(minutes, [sample.memory_of_oldest / MIB for sample in outcome.samples], label="the worker never killed")
    above.set(ylabel="memory (PSS), MiB", title=f"{outcome.minutes:g} minutes of faults", ylim=(0, None))
    middle.plot(minutes, [sample.descriptors for sample in outcome.samples], label="descriptors")
    middle.plot(minutes, [sample.threads for sample in outcome.samples], label="threads")
    middle.set(ylabel="of all processes", ylim=(0, None))
    for field in ("store", "home", "spool", "temporary"):
        below.plot(minutes, [getattr(sample, field) / MIB for sample in outcome.samples], label=field)
    below.set(ylabel="disk, MiB", xlabel="minutes")
    faults = sorted({event.fault for event in outcome.events})
    colours = dict(zip(faults, _COLOURS, strict=False))
    for axes in (above, middle, below):
        for event in outcome.events:
            axes.axvspan(event.begun / 60, event.ended / 60, color=colours[event.fault], alpha=0.25, linewidth=0)
        axes.grid(alpha=0.3)
        axes.legend(loc="center left")
    patches = [Patch(color=colours[fault], alpha=0.25, label=fault) for fault in faults]
    figure.legend(handles=patches, loc="outside lower center", ncols=4)
    figure.savefig(file, metadata={"Date": None})

"""Draw the monitoring page of a made-up newsroom as PNG: its first hour, first day and first month, in the light, in
the dark and on a phone. Needs Chromium, such as Debian's. `python scripts/monitor_pictures.py FOLDER`"""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops

from newsdesk.config.model_config import TextCleaning, TfidfConfig
from newsdesk.config.pipeline_config import Monitoring
from newsdesk.model.bundle import LinearSpec, Manifest
from newsdesk.model.profile import LENGTH_BINS, SHARE_BINS, Profile
from newsdesk.monitoring.page.page import monitor_page
from newsdesk.monitoring.report import ClassFigures, Decision, DriftScore, Feature, Performance, Report, State, Window
from newsdesk.monitoring.significance import share_of

NOW = datetime(2026, 3, 31, 12, 20, tzinfo=UTC)
DIGEST = "sha256:" + "5e" * 32
CATEGORIES = ("business", "entertainment", "politics", "sports", "technology")
LOOKS = {"light": (1180, ()), "dark": (1180, ("--blink-settings=preferredColorScheme=0",)), "phone": (500, ())}
SCORES: dict[Feature, tuple[float, float]] = {
    "category_mix": (0.02, 0.1),
    "confidence": (0.04, 0.1),
    "known_words": (0.03, 0.1),
    "top_terms": (0.05, 0.1),
    "domain_classifier": (0.53, 0.6),
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    day, month = Monitoring(), Monitoring(window=86400, look_back=31)
    ages = {"first-hour": (day, 0.3), "first-day": (day, 24.0), "first-month": (month, 30 * 24.0)}
    with TemporaryDirectory() as scratch:
        for age, (monitoring, hours) in ages.items():
            page = Path(scratch, f"{age}.html")
            page.write_text(monitor_page(report(monitoring, hours), manifest(), monitoring, "Morning Post"), "utf-8")
            for look, (width, options) in LOOKS.items():
                photograph(page, folder / f"monitor-{age}-{look}.png", width, options)


def photograph(page: Path, picture: Path, width: int, options: tuple[str, ...]) -> None:
    own = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={width},2600", f"--screenshot={picture}")
    subprocess.run(["chromium", *own, *options, page.as_uri()], check=True, capture_output=True, timeout=120)
    with Image.open(picture) as shot:
        drawn = shot.convert("RGB")
    ground = Image.new("RGB", drawn.size, drawn.getpixel((drawn.width - 1, drawn.height - 1)))
    _, _, _, end = ImageChops.difference(drawn, ground).getbbox() or (0, 0, 0, drawn.height)
    used = drawn.crop((0, 0, drawn.width, min(drawn.height, end + 20)))  # a palette makes a third of the size
    used.quantize(32, dither=Image.Dither.NONE).save(picture, optimize=True)


def report(monitoring: Monitoring, hours: float) -> Report:
    """Of a champion that has answered for so many hours, worse in the end."""
    step = timedelta(seconds=monitoring.window)
    start = datetime.fromtimestamp((NOW.timestamp() - hours * 3600) // monitoring.window * monitoring.window, UTC)
    windows = []
    while start < NOW:
        windows.append(window(start, start + step, len(windows), bad=hours > 100 and start > NOW - 6 * step))
        start += step
    labelled = sum(each.performance.labelled for each in windows)
    counts = {"used": labelled, "text_missing": labelled // 9} if labelled else {}
    why = "0 of the newest 6 judged windows are bad."
    decision = Decision(False, why, 0, min(6, len(windows) - 1), labelled)
    return Report(NOW, "3", DIGEST, 0.912, tuple(windows), tuple(windows[-1:]), {}, {}, counts, decision)


def window(start: datetime, end: datetime, number: int, *, bad: bool) -> Window:
    running = end > NOW
    texts = 35 if running else 150 + 40 * (number % 4)
    labelled = 0 if number == 0 else 6 if running else 30
    right = round(labelled * (0.78 if bad else 0.9))
    share = labelled // 5
    each = {name: ClassFigures(share, share, round(share * 0.9)) for name in CATEGORIES} if labelled else {}
    confidence = (0.8 if bad else 0.89) - 0.01 * (number % 3)
    counts = {name: texts // 5 + 4 * i for i, name in enumerate(CATEGORIES)}
    found = Performance(
        texts + 9, texts, confidence, share_of(right, labelled), each, counts, labelled, labelled - right, confidence
    )
    state: State = "too_few" if running else "confirmed" if bad else "none"
    drift = () if running else tuple(score(feature, number, bad=bad) for feature in SCORES)
    return Window(start, end, "3", DIGEST, found, drift, state)


def score(feature: Feature, number: int, *, bad: bool) -> DriftScore:
    usual, threshold = SCORES[feature]
    value = usual + 0.01 * (number % 3) + (0.18 if bad and feature in ("top_terms", "domain_classifier") else 0)
    is_drift = value >= threshold
    return DriftScore(feature, value, threshold, 1e-6 if is_drift else 0.4, is_drift, "election: 1% → 14%")


def manifest() -> Manifest:
    confidence = [0] * (SHARE_BINS - 4) + [20, 40, 100, 240]
    profile = Profile(
        articles=400,
        categories=dict.fromkeys(CATEGORIES, 80),
        confidence=confidence,
        text_length=[400] + [0] * (LENGTH_BINS - 1),
        known_words=[0] * (SHARE_BINS - 1) + [400],
        languages={"en": 400},
    )
    return Manifest(
        digest=DIGEST,
        trained_at=NOW - timedelta(days=31),
        model_name="logistic_regression",
        model_type="LogisticRegression",
        classes=[*CATEGORIES],
        feature_count=10_000,
        text_cleaning=TextCleaning(),
        tfidf=TfidfConfig(),
        classifier=LinearSpec(link="softmax"),
        metrics={"accuracy": 0.912},
        dataset_version="made-up",
        files={},
        profile=profile,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))

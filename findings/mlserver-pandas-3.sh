#!/usr/bin/env bash
# MLServer 1.7.1 cannot encode a data frame of strings where pandas 3 is installed, which it allows: pandas 3 keeps
# strings in a type of its own, for which PandasCodec has no datatype. Expected: a request with one BYTES tensor, as with
# pandas 2. Seen: KeyError: 'O'. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check mlserver==1.7.1 pandas==3.1.1
"$folder/bin/python" -W ignore - <<'PYTHON'
import sys
from importlib.metadata import version

import pandas as pd
from mlserver.codecs import PandasCodec

print(f"mlserver {version('mlserver')}, pandas {version('pandas')}")
frame = pd.DataFrame({"text": ["Stock market hits record high"]})
try:
    tensor = PandasCodec.encode_request(frame).inputs[0]
except KeyError as error:
    print(f"expected: a BYTES tensor; seen: KeyError: {error}")
else:
    sys.exit(f"this has changed: {tensor}")
PYTHON

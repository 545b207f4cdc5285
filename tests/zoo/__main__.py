"""Make the files of the zoo anew, or those whose names begin as the arguments say: `python -m tests.zoo [pandas …]`.

Needs what `requirements/zoo.txt` pins, and LibreOffice. The suite needs neither: it reads the files that are kept.
"""

import json
import subprocess
import sys
from importlib import import_module, metadata
from pathlib import Path

from tests.zoo.making import DOCUMENTED, FOLDER, MAKERS

_MAKERS = Path(__file__).parent / "makers"


def main() -> None:
    for file in sorted(_MAKERS.glob("[a-z]*.py")):
        import_module(f"tests.zoo.makers.{file.stem}")
    FOLDER.mkdir(exist_ok=True)
    written = FOLDER / "versions.json"
    versions = json.loads(written.read_text(encoding="utf-8")) if written.exists() else {}
    for maker in MAKERS:
        if len(sys.argv) == 1 or maker.name.startswith(tuple(sys.argv[1:])):
            (FOLDER / maker.name).unlink(missing_ok=True)
            maker.make(FOLDER / maker.name)
            versions[maker.name] = _version(maker.package)
    names = {maker.name for maker in MAKERS}
    kept = {name: version for name, version in sorted(versions.items()) if name in names}
    written.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _version(package: str) -> str:
    if package == DOCUMENTED:
        return DOCUMENTED
    if package == "libreoffice":
        shown = subprocess.run(["soffice", "--version"], capture_output=True, text=True, check=True).stdout
        return " ".join(shown.split()[:2])
    return f"{package} {metadata.version(package)}"


if __name__ == "__main__":
    main()

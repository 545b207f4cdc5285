"""Our own code as it travels in a registered model, so that MLflow can run it where Newsdesk is not installed."""

import ast
import hashlib
import re
from pathlib import Path

import newsdesk

_PACKAGE = "newsdesk"
_ROOT = Path(newsdesk.__file__).parent
_IMPORT = re.compile(rf"^(\s*from ){_PACKAGE}(?=[. ])", re.MULTILINE)


def copy_code(module: str, folder: Path) -> str:
    """Copy a module, with all of ours that it imports, into `folder` as one package; returns the module's name there.

    The package is called by the digest of its content. So two versions can be loaded side by side, each with the code
    that it was registered with, and neither hides a Newsdesk that is installed.
    """
    sources = _collect_sources(module)
    content = "\0".join(f"{name}\0{source}" for name, source in sorted(sources.items()))
    package = f"{_PACKAGE}_{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    for name, source in sources.items():
        file = folder.joinpath(package, *name.split(".")[1:]).with_suffix(".py")
        for parent in [file.parent, *file.parent.parents]:
            if parent == folder:
                break
            parent.mkdir(parents=True, exist_ok=True)
            (parent / "__init__.py").touch()
        file.write_text(_IMPORT.sub(rf"\1{package}", source), encoding="utf-8")
    return module.replace(_PACKAGE, package, 1)


def _collect_sources(module: str) -> dict[str, str]:
    """Module → source. Packages themselves are left out: what ours do when imported is for our own commands."""
    sources: dict[str, str] = {}
    pending = [module]
    while pending:
        name = pending.pop()
        file = _ROOT.joinpath(*name.split(".")[1:]).with_suffix(".py")
        if name in sources or not file.is_file():
            continue
        sources[name] = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(sources[name])):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == _PACKAGE:
                pending += [node.module, *(f"{node.module}.{imported.name}" for imported in node.names)]
    return sources

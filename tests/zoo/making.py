"""How the files of the zoo are made: each maker names a file, and the package whose version made it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "fixtures" / "zoo"
DOCUMENTED = "documented"  # instead of a package: the layout is written by hand, as the tool documents it

Make = Callable[[Path], None]


@dataclass(frozen=True)
class Maker:
    """`make` writes the file `name`; `package` is what made it, or `DOCUMENTED`."""

    name: str
    package: str
    make: Make


MAKERS: list[Maker] = []


def made(name: str, package: str = DOCUMENTED) -> Callable[[Make], Make]:
    """Say that a function writes a file of the zoo."""

    def register(make: Make) -> Make:
        MAKERS.append(Maker(name, package, make))
        return make

    return register

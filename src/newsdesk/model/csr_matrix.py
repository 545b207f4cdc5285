"""Sparse rows of numbers: what a text's features are."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class CsrMatrix(NamedTuple):
    """One row for each of n texts: text i has `values[k]` in column `columns[k]` for k in `starts[i]:starts[i + 1]`.

    Of the words of text i, the model knows the share `known_shares[i]`; where it is None, all of them.
    A named tuple, for one is made in a quarter of the time of a frozen dataclass.
    """

    starts: NDArray[np.intp]
    columns: NDArray[np.intp]
    values: NDArray[np.float64]
    known_shares: NDArray[np.float64] | None = None

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(self.starts) - 1

    @property
    def evidence(self) -> NDArray[np.float64]:
        """How much each text can say, as `evidence_of` tells."""
        terms = np.diff(self.starts).astype(np.float64)
        return terms if self.known_shares is None else terms * self.known_shares * self.known_shares

"""Figures for people, no more precise than the articles that they were measured on allow."""


def format_share(value: float, articles: int, sign: str = "") -> str:
    """A share of so many articles: with two decimals, three from a thousand articles on. `sign`: as of a format."""
    return f"{value:{sign}.{_decimals(articles)}f}"


def format_share_apart(value: float, limit: float, articles: int, sign: str = "") -> str:
    """The same, with as many more decimals as show that it is not `limit`."""
    for decimals in range(_decimals(articles), 12):
        shown = f"{value:{sign}.{decimals}f}"
        if float(shown) != limit or abs(value - limit) < 5e-13:
            return shown
    return shown


def _decimals(articles: int) -> int:
    return 2 if articles < 1000 else 3

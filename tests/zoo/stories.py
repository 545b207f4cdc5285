"""The articles that every file of the zoo holds: invented, short, with what trips readers up."""

from typing import NamedTuple


class Story(NamedTuple):
    """One article; every field is text."""

    id: str
    title: str
    text: str
    category: str
    date: str
    source: str
    url: str


_TOLD = [
    (
        "Ferry wins the harbour regatta",
        "The crew of the ferry won the regatta by a length, and nobody was more surprised than its captain.",
        "sport",
    ),
    (
        "Goalkeeper scores from her own half",
        'The keeper saw the wind, kicked and cried "mine!", and the ball went in over everybody\'s head.',
        "sport",
    ),
    (
        "Marathon moved to the autumn",
        "The city has moved its marathon to October; runners had complained of the heat for years.",
        "sport",
    ),
    (
        "Chess club fills the town hall",
        "Four hundred players came to the town hall in Zürich, each paying €5 for a board and a lamp.",
        "sport",
    ),
    (
        "Bakery chain doubles its profit",
        "The chain doubled its profit last year, although flour and rent had become a fifth dearer.",
        "business",
    ),
    (
        "Shipyard takes on apprentices",
        "The yard will train sixty apprentices.\nIt was saved from closing only two winters ago.",
        "business",
    ),
    (
        "Bank lowers the fees for savers",
        "Savers pay less from June: the bank gives up its fee for small accounts, the last to do so.",
        "business",
    ),
    (
        "Tram maker signs its largest order",
        "The maker is to build ninety trams for the north, an order worth more than all of last year's.",
        "business",
    ),
    (
        "Telescope finds a quiet neighbour",
        "Astronomers have found a small and quiet star that passes closer to the sun than any other known one.",
        "science",
    ),
    (
        "Bees remember faces, a study says",
        "Bees that were fed by one person came back to that face, and to no other, for eleven days.",
        "science",
    ),
    (
        "Ice core tells of a dry century",
        "A core from the glacier tells of a century so dry that dust from the south lies in it like paint.",
        "science",
    ),
    (
        "Robot sorts seeds by their sound",
        "A robot lets seeds fall on a plate and sorts them by how they sound; farmers say it errs less than they do.",
        "science",
    ),
]
STORIES = [
    Story(f"n{n:02}", title, text, category, f"2024-05-{n:02}", "Harbour Post", f"https://news.example/n{n:02}")
    for n, (title, text, category) in enumerate(_TOLD, start=1)
]

"""Newsdesk sorts news: it trains, compares, promotes, serves and watches article classifiers."""

__version__ = "0.1.0"

"""The monitoring page: one HTML document that shows a report, without scripts and without anything from outside."""

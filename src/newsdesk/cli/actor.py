"""The current user, for the promotion ledger."""

import getpass


def user() -> str:
    """The name of the user; "unknown" where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"

"""The errors that Newsdesk raises on purpose. Each message says what is wrong, where, and what to do."""

from typing import ClassVar


class NewsdeskError(Exception):
    """Work that was refused or failed for a reason the user can act on.

    `may_pass`: the same command may well succeed a little later, with nothing changed.
    """

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1
    may_pass: ClassVar[bool] = False


class UsageError(NewsdeskError):
    """The command was called in a way that cannot work."""

    code = "usage"
    exit_code = 2


class BusyError(UsageError):
    """Another command is at work in the same place."""

    code = "busy"
    may_pass = True


class ConfigError(UsageError):
    """A configuration file or environment variable cannot be used."""

    code = "config"


class DataError(NewsdeskError):
    """The articles cannot be used as they are."""

    code = "data"


class TrainingError(NewsdeskError):
    """No classifier could be trained."""

    code = "training"


class RegistryError(NewsdeskError):
    """The registry cannot do what it was asked."""

    code = "registry"
    may_pass = True


class BundleError(NewsdeskError):
    """A bundle is missing, incomplete or not what its digest says."""

    code = "bundle"

"""What a stack is: its folder, ports, servers of the API and passwords, the same at every start."""

import secrets
from functools import cached_property
from itertools import islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.local.ports import HOST, Ports, free_after
from newsdesk import atomic
from newsdesk.errors import ConfigError, UsageError

ROOT = Path(__file__).parents[2]
DEFAULT_HOME = ROOT / "var" / "stack"
DATABASES = ("newsdesk", "mlflow", "airflow")
_OWNERS = ("postgres", "exporter", *DATABASES)


class Passwords(BaseModel):
    """Of the users of PostgreSQL and of Airflow, and what signs tokens. Made anew for every stack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    postgresql: dict[str, str]
    airflow_admin: str
    airflow_tokens: str
    api_tokens: str

    @classmethod
    def new(cls) -> "Passwords":
        """Passwords that nobody guesses, and that need no quoting in addresses."""
        return cls(
            postgresql={name: secrets.token_urlsafe(24) for name in _OWNERS},
            airflow_admin=secrets.token_urlsafe(12),
            airflow_tokens=secrets.token_urlsafe(64),
            api_tokens=secrets.token_urlsafe(48),
        )


class Stack(BaseModel):
    """All that is decided before anything starts. `replicas`: the ports of the servers of the API."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path
    ports: Ports
    replicas: tuple[int, ...]
    with_airflow: bool
    passwords: Passwords

    @cached_property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def newsdesk_home(self) -> Path:
        return self.home / "newsdesk"

    @property
    def mlflow_address(self) -> str:
        return f"http://{HOST}:{self.ports.mlflow}"

    @property
    def airflow_address(self) -> str:
        return f"http://{HOST}:{self.ports.airflow}"

    def database(self, name: str, owner: str | None = None, scheme: str = "postgresql") -> str:
        """Address of a database, with the password of its owner."""
        owner = owner or name
        return f"{scheme}://{owner}:{self.passwords.postgresql[owner]}@{HOST}:{self.ports.postgresql}/{name}"

    def with_replicas(self, count: int) -> "Stack":
        """The same with so many servers of the API: new ones on the next free ports, the last ones left out."""
        kept = self.replicas[:count]
        taken = {*kept, *self.ports.model_dump().values()}
        added = islice(free_after(self.ports.api, taken), count - len(kept))
        return self.model_copy(update={"replicas": (*kept, *added)})

    def save(self) -> None:
        """Keep it in its folder, for its owner's eyes only."""
        atomic.write_text(_file(self.home), self.model_dump_json(indent=2), mode=0o600)


def find_stack(home: Path) -> Stack | None:
    """The stack of a folder; None where none was made there. Raises `ConfigError` where what is there is damaged."""
    file = _file(home)
    if not file.exists():
        return None
    try:
        return Stack.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise ConfigError(f"{file} is damaged. Remove the folder {home}, and what its stack holds with it.") from error


def existing_stack(home: Path) -> Stack:
    """The stack of a folder. Raises `UsageError` where there is none."""
    if stack := find_stack(home):
        return stack
    raise UsageError(f"There is no stack in {home}. Start one: make stack.")


def _file(home: Path) -> Path:
    return home / "stack.json"

"""The servers as a person sees them: what each is called, where it is, how it does, who may enter."""

from deploy.local.service import Service

HEADING = f"{'server':22} {'address':24} {'state':16} login"


def row(service: Service, state: str) -> str:
    """One line about one server."""
    return f"{service.name:22} {service.address:24} {state:16} {service.login}".rstrip()


def step(name: str, state: str) -> str:
    """One line about what is done once."""
    return f"{name:22} {'':24} {state}"

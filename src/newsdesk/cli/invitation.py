"""Print where the server will be."""


def print_invitation(host: str, port: int) -> None:
    """Where the server will be, and a first request."""
    shown_host = "localhost" if host.startswith(("127.", "0.")) else host
    address = f"http://{shown_host}:{port}"
    print(f"\nServing on {address} (API pages at {address}/docs, Ctrl+C stops). Try:\n")
    print(f"  curl -X POST {address}/predict -H 'Content-Type: application/json' \\")
    print('       -d \'{"text": "Stock market hits record high"}\'\n', flush=True)

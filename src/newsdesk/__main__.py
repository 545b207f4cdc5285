"""The command's entry point. It handles stop requests before the slow imports of the command line."""

import atexit
import sys

from newsdesk.stopping import Stopped, ignore_late_signals, take_stop_requests


def main() -> None:
    take_stop_requests()
    atexit.register(ignore_late_signals)
    try:
        from newsdesk.cli.app import main as run_command
    except Stopped as stopped:
        sys.stderr.write("newsdesk: Stopped before anything was begun.\n")
        sys.exit(stopped.exit_code)
    run_command()


if __name__ == "__main__":  # worker processes import this module, too
    main()

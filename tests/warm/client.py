# The program that stands for the command: hands everything over, passes signals on, and ends as the command ends.
# What it imports is what it costs.
import marshal
import os
import signal
import socket
import sys


def main() -> None:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.connect(ADDRESS)  # type: ignore[name-defined] # noqa: F821 - written before this by who makes the program
    umask = os.umask(0)
    os.umask(umask)
    folder = os.getcwd()  # noqa: PTH109 - pathlib costs more than all that is imported here
    command = marshal.dumps((sys.argv, folder, dict(os.environ), umask))
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: server.sendall(bytes([number])))
    socket.send_fds(server, [len(command).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(command)
    ended = int(server.recv(16))
    if ended < 0:
        signal.signal(-ended, signal.SIG_DFL)
        os.kill(os.getpid(), -ended)
    os._exit(ended)


main()

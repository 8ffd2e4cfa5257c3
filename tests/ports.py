"""Ports for servers that tests start."""

import random
import socket

# Below those that Linux gives to clients. A client that tries to reach a server while it starts
# again may be given the server's own port, and then talks to itself on it.
FIRST, LAST = 20_000, 32_000


def free_port() -> int:
    """Return a TCP port that nobody uses now."""
    while True:
        port = random.SystemRandom().randrange(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port

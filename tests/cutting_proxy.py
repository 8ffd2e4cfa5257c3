"""A TCP proxy that loses the answer to a commit: the server has done it, the client never hears so.

What belongs here: PostgreSQL's wire protocol as far as that takes. What does not: HTTP.
"""

import contextlib
import socket
import threading


class CuttingProxy:
    """Forwards to a port of this machine; armed, it cuts at the next COMMIT.

    Attributes:
        port: where it listens.
        cuts: how many answers it has lost.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cuts = 0
        self._armed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self) -> None:
        """Lose the answer to the next COMMIT."""
        self._armed.set()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            cut = threading.Event()
            for source, sink, commits in ((client, server, True), (server, client, False)):
                threading.Thread(
                    target=self._pump, args=(source, sink, commits, cut), daemon=True
                ).start()

    def _pump(
        self, source: socket.socket, sink: socket.socket, commits: bool, cut: threading.Event
    ) -> None:
        try:
            while data := source.recv(1 << 16):
                if commits and self._armed.is_set() and b"COMMIT" in data.upper():
                    self._armed.clear()
                    cut.set()
                    self.cuts += 1
                if not commits and cut.is_set():
                    break  # the server has answered, so it has committed
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

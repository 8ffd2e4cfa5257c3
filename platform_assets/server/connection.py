"""Reaching the code server: its address, and waiting until it answers."""

import os
import time
from dataclasses import dataclass
from typing import Any

from resources.errors import PlatformError

POLL_SECONDS = 0.05
LOCATION_NAME = "platform"


@dataclass(frozen=True)
class Address:
    """Where a code server listens: on a Unix socket of this machine, or on a TCP port.

    Attributes:
        socket: path of the socket; "" for a port.
        host: name or number of the machine.
        port: TCP port.
    """

    socket: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Return the address that `text` is: `<host>:<port>`, or the absolute path of a socket.

        Raises:
            PlatformError: it is neither.
        """
        if os.path.isabs(text):
            return cls(socket=text)
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal():
            raise PlatformError(
                f"{text!r} is no address of a code server.",
                hint="Write <host>:<port>, e.g. code:4000, or the path of a socket.",
            )
        return cls(host=host.strip("[]"), port=int(port))

    def client(self) -> Any:
        """Return Dagster's client of the server."""
        from dagster._grpc.client import DagsterGrpcClient

        if self.socket:
            return DagsterGrpcClient(socket=self.socket)
        return DagsterGrpcClient(host=self.host, port=self.port)

    def workspace(self) -> dict[str, Any]:
        """Return the content of a workspace file that points at the server."""
        place: dict[str, Any] = {"host": self.host, "port": self.port}
        if self.socket:
            place = {"socket": self.socket}
        return {"load_from": [{"grpc_server": {**place, "location_name": LOCATION_NAME}}]}


def wait_for_code_server(address: Address, seconds: float = float("inf")) -> bool:
    """Return whether the code server has its definitions, as soon as it has.

    By default it waits without an end: whoever supervises the processes ends this one when the
    server dies.
    """
    deadline = time.monotonic() + seconds
    while address.socket and not os.path.exists(address.socket):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    from dagster._core.errors import DagsterUserCodeUnreachableError

    client = address.client()
    while time.monotonic() < deadline:
        try:
            client.get_server_id(timeout=5)
        except DagsterUserCodeUnreachableError:
            time.sleep(POLL_SECONDS)
        else:
            return True
    return False

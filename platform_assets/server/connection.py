"""Reaching the code server: waiting until it answers."""

import os
import time

POLL_SECONDS = 0.05


def wait_for_code_server(socket: str) -> None:
    """Return as soon as the code server on `socket` has its definitions.

    Waits without an end: whoever supervises the processes ends this one when the server dies.
    """
    while not os.path.exists(socket):
        time.sleep(POLL_SECONDS)
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient

    client = DagsterGrpcClient(socket=socket)
    while True:
        try:
            client.get_server_id(timeout=5)
        except DagsterUserCodeUnreachableError:
            time.sleep(POLL_SECONDS)
        else:
            return

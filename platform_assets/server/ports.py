"""Whether a TCP port is free, and who has it when it is not."""

import errno
import socket

import psutil

from resources.errors import PlatformError


def require_free(host: str, port: int) -> None:
    """Return when `port` can be bound on `host`.

    Raises:
        PlatformError: it cannot; names the process that has it where the system tells.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason, way = f"in use by {holder(port)}", "Stop it, or choose another port"
            else:
                reason, way = str(error.strerror), "Choose another one"
            raise PlatformError(
                f"Port {port} on {host} cannot be served: {reason}.",
                hint=f"{way}: `make up PORT={port + 1}` or `platform-assets up --port {port + 1}`.",
            ) from error


def holder(port: int) -> str:
    """Return the process that listens on `port`, as words; another user's stays unnamed."""
    for process in psutil.process_iter():
        try:
            listening = any(
                c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port
                for c in process.net_connections(kind="tcp")
            )
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
        if listening:
            return _name(process.pid)
    return "another process"


def _name(pid: int) -> str:
    try:
        command = " ".join(psutil.Process(pid).cmdline())[:100]
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        command = ""
    return f"process {pid}" + (f" ({command})" if command else "")

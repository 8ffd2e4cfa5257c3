"""The child process that runs one query of an analyst, and ends.

It is told on its standard input where the lake is, attaches it read-only, locks DuckDB's doors
behind itself (no files but the lake's, no extension, no setting can be changed), waits there for a
query, answers with one JSON document on its standard output, and is gone. What does not belong
here: which queries may run (`sandbox_rules`), starting and ending this process (`sandbox`).
"""

import contextlib
import json
import math
import os
import resource
import select
import signal
import sys
import threading
import time
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb

from resources.errors import PlatformError
from resources.warehouse import sandbox_rules
from resources.warehouse.connection import Warehouse, literal

IDLE_SECONDS = 900.0  # after which a process that nobody needed ends
BATCH = 200  # rows fetched together
LONGEST_TEXT = 20_000  # characters of one value
EXACT = 2**53  # whole numbers beyond it are no exact numbers in JavaScript
FILE_BYTES = 1 << 20  # SQLite's index of its log may grow, nothing else is written at all
MEBIBYTE = 1 << 20
READY = b"\n"  # the first byte of every answer, sent as soon as a query may come


def main() -> None:
    """Prepare, wait for a query, answer it."""
    config = json.loads(b"".join(iter(_letter, b"")) or b'{"environment": {}}')
    connection, fault = None, ""
    try:
        os.environ.update(config.pop("environment"))
        connection = connect(config)
        os.environ.clear()  # what opened the lake stays in DuckDB's secrets, which no query reads
    except (PlatformError, duckdb.Error) as error:
        fault = str(error).splitlines()[0]
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    ready, _, _ = select.select([sys.stdin], [], [], IDLE_SECONDS)
    line = sys.stdin.buffer.readline() if ready else b""
    if not line:
        return
    threading.Thread(target=_end_with_parent, daemon=True).start()
    request = json.loads(line)
    if connection is None:
        told: dict[str, Any] = {"error": "unavailable", "message": fault}
    else:
        _limit(request)
        told = answer(connection, request)
    sys.stdout.buffer.write(json.dumps(told, ensure_ascii=False, allow_nan=False).encode())
    sys.stdout.buffer.flush()
    os._exit(0)


def _letter() -> bytes:
    """Return the next byte of the first line, unbuffered: what comes after it is waited for."""
    letter = os.read(0, 1)
    return b"" if letter == b"\n" else letter


def connect(config: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    """Return a connection on the lake that can reach nothing else.

    Raises:
        PlatformError, duckdb.Error: there is no warehouse yet, or it can't be read.
    """
    warehouse = Warehouse(config["url"], config["memory"], config["threads"])
    connection = warehouse.connect(read_only=True)
    connection.execute("SET temp_directory = ''")
    connection.execute("SET python_enable_replacements = false")
    connection.execute(f"SET allowed_directories = [{literal(f'{warehouse.data_path}/')}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    sandbox_rules.runnable("SELECT 1", connection, sandbox_rules.tables(connection))  # warms both
    return connection


def _end_with_parent() -> None:
    """End this process as soon as the other end of its standard input is gone."""
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            pass
    os._exit(1)


def _limit(request: dict[str, Any]) -> None:
    """Have the kernel hold this process to its limits, whatever it does from now on."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    if sys.platform == "linux":
        most = _data_bytes() + int(request["megabytes"]) * MEBIBYTE
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, float(request["seconds"]) + 1)


def _data_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[5]) * resource.getpagesize()


def answer(connection: duckdb.DuckDBPyConnection, request: dict[str, Any]) -> dict[str, Any]:
    """Return columns, rows, whether there are more, and the time; or an error and its message."""
    started = time.perf_counter()
    try:
        known = sandbox_rules.tables(connection)
        sql = sandbox_rules.runnable(request["sql"], connection, known)
        cursor = connection.execute(sql)
        columns = [(str(name), str(kind)) for name, kind, *_ in cursor.description or ()]
        rows, truncated = _rows(cursor, int(request["rows"]), int(request["bytes"]))
    except sandbox_rules.Refused as error:
        return {"error": "refused", "message": str(error)}
    except (MemoryError, duckdb.OutOfMemoryException):
        return {"error": "memory", "message": ""}
    except duckdb.Error as error:
        return {"error": "failed", "message": sandbox_rules.plain(str(error))}
    seconds = time.perf_counter() - started
    return {"columns": columns, "rows": rows, "truncated": truncated, "seconds": seconds}


def _rows(cursor: Any, most: int, most_bytes: int) -> tuple[list[list[Any]], bool]:
    """Return the rows, as many as the limits allow, and whether there are more."""
    rows: list[list[Any]] = []
    size = 0
    while batch := cursor.fetchmany(min(BATCH, most + 1 - len(rows))):
        for row in batch:
            shown = [value(each) for each in row]
            size += len(json.dumps(shown, ensure_ascii=False))
            if len(rows) == most or size > most_bytes:
                return rows, True
            rows.append(shown)
    return rows, False


def value(given: Any) -> Any:
    """Return what JSON has for a value, exactly: what a JSON number can't hold becomes text.

    Times are ISO 8601, bytes are hexadecimal, NULL is null, a long text is cut with an ellipsis.
    """
    if given is None or isinstance(given, bool):
        return given
    if isinstance(given, int):
        return given if abs(given) <= EXACT else str(given)
    if isinstance(given, float):
        return given if math.isfinite(given) else str(given)
    if isinstance(given, Decimal):
        number = float(given)
        exact = math.isfinite(number) and Decimal(repr(number)) == given
        return number if exact else str(given)
    if isinstance(given, str):
        clean = given.encode("utf-8", "replace").decode()
        return clean if len(clean) <= LONGEST_TEXT else f"{clean[:LONGEST_TEXT]}…"
    if isinstance(given, bytes | bytearray | memoryview):
        return value(bytes(given).hex())
    if isinstance(given, dict):
        return {str(value(key)): value(each) for key, each in given.items()}
    if isinstance(given, list | tuple):
        return [value(each) for each in given]
    return _moment(given)


def _moment(given: Any) -> str:
    if isinstance(given, datetime) and given == datetime.max.replace(tzinfo=given.tzinfo):
        return "infinity"  # DuckDB hands it over as the last moment that Python knows
    return str(given.isoformat() if hasattr(given, "isoformat") else given)


if __name__ == "__main__":
    main()

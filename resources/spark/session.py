"""The session on the cluster: opened by setting, probed first, alike wherever it runs.

What belongs here: the address, the probe, the SQL settings that make Spark speak as DuckDB does.
What does not: what is asked of it.
"""

import logging
import os
import re
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from resources.errors import PlatformError
from resources.settings import settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PORT = 15002
PROBE_SECONDS = 5.0
# How often a request to a server that went away is tried again: for a minute and a half. The
# client's own measure is ten; a server that starts again knows nothing of the session anyway.
RETRIES = 10
LONGEST_PAUSE = 15_000  # milliseconds between two tries
# Errors instead of NULL, "names" in double quotes, `timestamp` without a zone, moments in UTC: what
# a model says then means the same on DuckDB and on Spark.
SPEECH = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
}


def address(url: str) -> tuple[str, int]:
    """Return host and port of a Spark Connect URL.

    Raises:
        PlatformError: it is none.
    """
    parts = urlsplit(url)
    try:
        host = parts.hostname or ""
        if parts.scheme != "sc" or not re.fullmatch(r"[\w.-]+|[0-9a-f:]+", host):
            raise ValueError
        return host, parts.port or PORT
    except ValueError:
        raise PlatformError(
            "PLATFORM_SPARK_URL is not the address of a Spark Connect server.",
            hint="Write sc://host:port, e.g. sc://spark.example:15002; what the client needs to "
            "sign on follows as /;use_ssl=true;token=….",
        ) from None


def probe(url: str, seconds: float = PROBE_SECONDS) -> None:
    """Make sure, soon, that something listens at the address: Spark's client tries for minutes.

    Raises:
        PlatformError: nothing does. It names host and port, never the rest of the URL.
    """
    host, port = address(url)
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except OSError as error:
        raise PlatformError(
            f"No Spark Connect server answers at {host}:{port}: {error}.",
            hint="Start it, correct PLATFORM_SPARK_URL, or unset it: models are then built here.",
        ) from error


def open_session(url: str | None = None) -> "SparkSession":
    """Return a new session on the cluster, with settings of its own.

    Raises:
        PlatformError: nothing listens there, or what does is no Spark Connect server.
    """
    url = url or settings().spark_url.get_secret_value()
    probe(url)
    _quiet()
    with _named_program():
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
        from pyspark.sql.connect import functions  # noqa: F401 (what is imported later)
        from pyspark.sql.connect.client.retries import DefaultPolicy

    host, port = address(url)
    try:
        session = SparkSession.builder.remote(url).create()
        policy = DefaultPolicy(max_retries=RETRIES, max_backoff=LONGEST_PAUSE)
        session.client.set_retry_policies([policy])
        for name, value in SPEECH.items():
            session.conf.set(name, value)
    except PySparkException as error:
        raise PlatformError(
            f"The Spark Connect server at {host}:{port} refuses a session: {short(error)}",
            hint="See the server's log; PLATFORM_SPARK_URL may need a token, or use_ssl=true.",
        ) from error
    return session


def short(error: BaseException) -> str:
    """Return an error of Spark's without the trace of its server: what a person can read."""
    if "StatusCode.UNAVAILABLE" in str(error):
        return "The Spark Connect server went away. What was not published is not there."
    return str(error).split("\n\nJVM stacktrace:")[0].strip()


@contextmanager
def _named_program() -> Iterator[None]:
    """Let the client be imported by a program that is no file, as `python -c` is.

    It would take the process for its own doctests, look for a whole Spark, and end the thread.
    """
    program = sys.modules["__main__"]
    if hasattr(program, "__file__"):
        yield
        return
    program.__file__ = "<string>"
    try:
        yield
    finally:
        del program.__file__


def _quiet() -> None:
    """Keep the client from printing each failed statement as ten kilobytes of JSON.

    And its network library from taking part in this process's forks: some children would abort, or
    this process stop for ever, before they become the program that was asked for.
    """
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    logging.getLogger("DataFrameQueryContextLogger").setLevel(logging.CRITICAL)
    warnings.filterwarnings("ignore", module="pyspark")

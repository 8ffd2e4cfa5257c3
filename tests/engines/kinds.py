"""The engines that the suite walks: a name, and the settings that choose it.

What belongs here: one entry per engine; a new engine is a new one. What does not: what an engine
can't do (`gaps`), and what is asked of it (the tests).
"""

from collections.abc import Callable
from pathlib import Path

from tests import lakes, spark_server
from tests.long import LONG

Settings = dict[str, str]
REFERENCE = "embedded"  # what all others are compared with

ENGINES: dict[str, Callable[[Path], Settings]] = {
    "embedded": lambda folder: lakes.new_lake("embedded", folder),
    "team": lambda folder: lakes.new_lake("team", folder),
}
# On two cores it takes some six minutes.
if LONG:
    ENGINES["spark"] = lambda folder: {
        **lakes.new_lake("shared", folder),
        "PLATFORM_SPARK_URL": spark_server.spark().url,
    }
OTHERS = [engine for engine in ENGINES if engine != REFERENCE]


def settings_of(engine: str, data: Path) -> Settings:
    """Return the settings of a platform with a data folder and an empty lake of its own.

    Skips the test where a server that the engine needs is not installed.
    """
    return {"PLATFORM_DATA_DIR": str(data), **ENGINES[engine](data)}

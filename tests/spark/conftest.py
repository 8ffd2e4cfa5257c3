"""A Spark for the tests of this folder, and settings that name it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from resources.settings import settings
from resources.spark.engine import close_shared_engine
from resources.spark.session import open_session
from tests.spark_server import spark as start

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture
def spark_url() -> str:
    """The address of a running Spark Connect server."""
    return start().url


@pytest.fixture
def session(spark_url: str) -> "Iterator[SparkSession]":
    """A session of the platform's on it."""
    found = open_session(spark_url)
    yield found
    found.stop()


@pytest.fixture
def spark_data(project_data: Path, spark_url: str) -> Iterator[Path]:
    """An empty data folder of a platform whose engine is Spark."""
    os.environ["PLATFORM_SPARK_URL"] = spark_url
    settings.cache_clear()
    yield project_data
    close_shared_engine()

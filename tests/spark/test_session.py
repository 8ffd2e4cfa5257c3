"""The address of a cluster: read, probed, and never told with its token."""

import socket
import time

import pytest

from resources.errors import PlatformError
from resources.spark.session import address, probe


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("sc://spark.example:15003", ("spark.example", 15003)),
        ("sc://spark.example", ("spark.example", 15002)),
        ("sc://[::1]:7/;use_ssl=true;token=hidden", ("::1", 7)),
    ],
)
def test_an_address_has_a_host_and_a_port(url: str, found: tuple[str, int]) -> None:
    assert address(url) == found


@pytest.mark.parametrize(
    "url", ["spark.example:15002", "spark://h:7077", "sc://", "sc://h:many", "sc://h"]
)
def test_what_is_no_address_is_told_with_the_form_of_one(url: str) -> None:
    with pytest.raises(PlatformError, match=r"PLATFORM_SPARK_URL.*\n.*sc://host:port"):
        address(f"{url};token=hidden" if url.startswith("sc") else url)  # without a slash


def test_a_dead_port_fails_at_once_and_does_not_tell_the_token() -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        started = time.monotonic()
        with pytest.raises(PlatformError, match=f"127.0.0.1:{port}") as told:
            probe(f"sc://127.0.0.1:{port}/;token=hidden")
    assert time.monotonic() - started < 5
    assert "hidden" not in str(told.value)

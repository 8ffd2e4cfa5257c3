"""One platform per data folder, and one process per port."""

import socket
from pathlib import Path

import pytest

from platform_assets.server.lock import only_one
from platform_assets.server.ports import require_free
from resources.errors import PlatformError
from tests.ports import free_port


def test_a_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    lock = tmp_path / "run" / "up.lock"
    lock.parent.mkdir()
    with (
        only_one(lock, "http://localhost:3000"),
        pytest.raises(PlatformError, match=r"process \d+, serving http://localhost:3000"),
        only_one(lock, "http://localhost:3001"),
    ):
        raise AssertionError("held twice")


def test_the_lock_is_free_again_after_its_holder(tmp_path: Path) -> None:
    for port in (3000, 3001):
        with only_one(tmp_path / "up.lock", f"http://localhost:{port}"):
            assert f":{port}" in (tmp_path / "up.lock").read_text()


def test_a_lock_that_names_nobody_is_still_held(tmp_path: Path) -> None:
    with only_one(tmp_path / "up.lock", "http://localhost:3000"):
        (tmp_path / "up.lock").write_text("")
        with (
            pytest.raises(PlatformError, match="another process"),
            only_one(tmp_path / "up.lock", ""),
        ):
            raise AssertionError("held twice")


def test_a_free_port_is_taken_without_a_word() -> None:
    require_free("127.0.0.1", free_port())


def test_a_used_port_is_refused_with_its_process_and_the_next_port() -> None:
    with socket.socket() as used:
        used.bind(("127.0.0.1", 0))
        used.listen()
        port = used.getsockname()[1]
        with pytest.raises(PlatformError, match=rf"Port {port} .* in use by process \d+") as error:
            require_free("127.0.0.1", port)
    assert f"make up PORT={port + 1}" in error.value.hint


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PlatformError, match=r"Port 3000 on 203\.0\.113\.1 cannot be served"):
        require_free("203.0.113.1", 3000)

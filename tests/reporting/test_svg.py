"""The drawing process: shared by the reports of a process, and replaced when it has had enough."""

import os
from collections.abc import Iterator

import pytest

from platform_assets.reporting import svg

POINT = {"mark": "point", "data": {"values": [{}]}}


@pytest.fixture(autouse=True)
def _nothing_shared() -> Iterator[None]:
    svg._shared.clear()
    yield
    for drawer, _ in svg._shared.values():
        drawer.close()
    svg._shared.clear()


def test_reports_of_one_process_share_a_drawer() -> None:
    first = svg.shared()
    assert "<svg" in first.draw([POINT])[0]
    assert svg.shared() is first
    assert "<svg" in first.draw([POINT])[0]


def test_a_drawer_that_has_ended_is_replaced() -> None:
    first = svg.shared()
    first.process.kill()
    first.process.wait()
    assert svg.shared() is not first


def test_a_drawer_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg, "MOST_REPORTS", 2)
    first = svg.shared()
    assert svg.shared() is first
    assert svg.shared() is not first
    assert first.process.poll() is not None


def test_a_fork_starts_a_drawer_of_its_own() -> None:
    parents = svg.shared()
    svg._shared[os.getpid() + 1] = svg._shared.pop(os.getpid())
    own = svg.shared()
    assert own is not parents and parents.process.poll() is None
    parents.close()

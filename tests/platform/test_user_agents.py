"""User agents: classed right, once, and at the cost of what is new."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from platform_assets.defs.user_agents import refresh
from platform_assets.user_agents import classify
from resources.warehouse import Warehouse

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.4 Mobile/15E148 Safari/604.1"
)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/124.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture
def warehouse(project_data: Path) -> Iterator[Warehouse]:
    yield Warehouse.from_settings()


def land(warehouse: Warehouse, load: int, events: list[str | None], log: list[str]) -> None:
    """Let a load of events and log lines land, as ingestion would."""
    with warehouse.write() as connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS lake.raw.web_events (context VARCHAR, _load_id BIGINT)"
        )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS lake.raw.access_log (user_agent VARCHAR, _load_id BIGINT)"
        )
        for text in events:
            connection.execute(
                "INSERT INTO lake.raw.web_events VALUES (to_json({'userAgent': ?}), ?)",
                [text, load],
            )
        for line in log:
            connection.execute("INSERT INTO lake.raw.access_log VALUES (?, ?)", [line, load])
        connection.execute("INSERT INTO lake.platform.ledger (load_id) VALUES (?)", [load])


def table(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    with warehouse.reading() as connection:
        return connection.execute(
            "SELECT user_agent, device_class, is_bot, _load_id FROM staging.user_agents ORDER BY 1"
        ).fetchall()


def test_user_agents_of_events_and_logs_are_classed_once(warehouse: Warehouse) -> None:
    land(warehouse, 1, [IPHONE, IPHONE, None], [GOOGLEBOT])
    assert refresh(warehouse) == (2, 2)
    land(warehouse, 2, [IPHONE], [GOOGLEBOT, CHROME, "it's \"a\" robot'; --"])
    assert refresh(warehouse) == (4, 2)
    assert table(warehouse) == [
        (CHROME, "desktop", False, 2),
        (GOOGLEBOT, "bot", True, 1),
        (IPHONE, "mobile", False, 1),
        ("it's \"a\" robot'; --", "bot", True, 2),
    ]


def test_a_load_that_brought_nothing_new_is_not_read_again(warehouse: Warehouse) -> None:
    land(warehouse, 1, [IPHONE], [])
    land(warehouse, 2, [IPHONE], [])
    refresh(warehouse)
    with warehouse.write() as connection:  # a row that only a second look at load 2 would find
        connection.execute("INSERT INTO lake.raw.access_log VALUES (?, 2)", [CHROME])
    assert refresh(warehouse) == (1, 0)
    snapshot = warehouse.snapshot()
    assert refresh(warehouse) == (1, 0)
    assert warehouse.snapshot() == snapshot
    land(warehouse, 3, [CHROME], [])
    assert refresh(warehouse) == (2, 1)


def test_before_anything_has_landed_the_table_is_there_and_empty(warehouse: Warehouse) -> None:
    assert refresh(warehouse) == (0, 0)
    assert table(warehouse) == []
    land(warehouse, 1, [IPHONE], [])
    assert refresh(warehouse) == (1, 1)


@pytest.mark.parametrize(
    ("user_agent", "device_class", "browser", "system"),
    [
        (IPHONE, "mobile", "Mobile Safari", "iOS"),
        (CHROME, "desktop", "Chrome", "Windows"),
        (GOOGLEBOT, "bot", "Googlebot", "Other"),
        ("curl/8.5.0", "bot", "curl", "Other"),
        (
            "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
            "Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
            "tablet",
            "Mobile Safari",
            "iOS",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; SM-X710) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/124.0.0.0 Safari/537.36",
            "tablet",
            "Chrome",
            "Android",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/124.0.0.0 Mobile Safari/537.36",
            "mobile",
            "Chrome Mobile",
            "Android",
        ),
        ("", "other", None, None),
        ("\x00 nonsense \ud83d\ude42", "other", None, None),
    ],
)
def test_devices_are_told_apart(
    user_agent: str, device_class: str, browser: str | None, system: str | None
) -> None:
    found = classify(user_agent)
    assert found["device_class"] == device_class
    assert found["browser"] in (browser, "Other", None) if browser is None else (browser,)
    if browser is not None:
        assert (found["browser"], found["os"] or "Other") == (browser, system)


@pytest.mark.parametrize(("file", "column"), [("test_ua.yaml", "browser"), ("test_os.yaml", "os")])
def test_published_cases_are_recognised(shared_data: Path, file: str, column: str) -> None:
    """Every third case of uap-core; a few moved since the library's rules were cut."""
    text = (shared_data / "user_agents" / file).read_text()
    cases = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["test_cases"]
    cases = cases[::3]
    wrong = [
        case["user_agent_string"]
        for case in cases
        if (classify(case["user_agent_string"])[column] or "Other") != case["family"]
    ]
    assert len(cases) > 100
    assert len(wrong) <= len(cases) // 50, wrong

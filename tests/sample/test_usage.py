"""Use of the sample's catalog: events as the recorder makes them, of assets that there are."""

import gzip
import json
from typing import Any

import pytest

from platform_assets.sample.usage import ASSETS, IN_VAIN
from resources.settings import PROJECT_ROOT

from .conftest import CONFIG, Made
from .test_declarations import attributes

DEFS = PROJECT_ROOT / "platform_assets/defs"


@pytest.fixture(scope="module")
def events(made: Made) -> list[dict[str, Any]]:
    files = sorted(made.landing.glob("usage/date=*/usage.ndjson.gz"))
    assert len(files) == CONFIG.days + 1  # what came before is one file
    return [json.loads(line) for file in files for line in gzip.open(file).readlines()]


def test_every_event_is_counted_and_has_declared_fields_only(
    events: list[dict[str, Any]], made: Made
) -> None:
    planted = made.manifest.usage
    assert len(events) == planted.loaded == planted.distinct == sum(planted.counts.values())
    declared = {column["name"] for column in attributes("usage")["columns"]}
    assert {name for event in events for name in event} <= declared
    assert planted.counts.keys() == {
        "view", "search", "query", "open", "download", "recording", "listed",
    }  # fmt: skip


@pytest.mark.parametrize("key", ASSETS)
def test_what_is_looked_at_is_there(key: str) -> None:
    layer, _, name = key.partition("/")
    if layer == "report":
        assert (DEFS / "reports" / name / "report.md").is_file()
    elif layer == "raw":
        assert (DEFS / "sources" / name.partition("/")[0] / "defs.yaml").is_file()
    else:
        assert list((PROJECT_ROOT / "dbt/models" / layer).rglob(f"{name}.sql"))


def test_some_assets_nobody_needs_and_some_searches_find_nothing(
    events: list[dict[str, Any]],
) -> None:
    used = {event.get("asset") for event in events if event["kind"] != "listed"}
    unused = {key for key, (share, dependents) in ASSETS.items() if not share and not dependents}
    assert unused and not unused & used
    assert {key for key, (share, _) in ASSETS.items() if share} <= used
    missed = {e["text"] for e in events if e["kind"] == "search" and e["results"] == 0}
    assert missed >= set(IN_VAIN)


def test_who_is_who_can_not_be_told(events: list[dict[str, Any]]) -> None:
    people = {event["person"] for event in events if "person" in event}
    assert 5 < len(people) < 20 and all(len(person) == 32 for person in people)

"""The page of what needs attention: the list, the picture, snoozing; and the home page."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from platform_assets.care.attention import Known, attention, weigh
from platform_assets.care.causes import Causes, causes
from platform_assets.catalog.answers import TOKEN
from platform_assets.catalog.attention_lately import Lately
from platform_assets.catalog.attention_picture import MOST, Picture, picture
from platform_assets.catalog.render import day
from platform_assets.inventory.health import Status
from platform_assets.inventory.model import Asset, Graph
from tests.catalog.records_world import KEY, Shop, graph, well
from tests.catalog.world import NOW, ORIGIN

MADE = well()["raw/shop/orders"]
OLD = replace(MADE, made_at=NOW - timedelta(hours=9))


def described() -> Graph:
    """The company, with nothing left to describe."""
    every = graph().assets
    return Graph({**every, KEY: replace(every[KEY], description="Of the quarter.")})


def troubled() -> dict[str, Status]:
    """The source's run failed, and what rests on it was not made."""
    stopped = replace(MADE, failed_run="r2")
    return {**well(), "raw/shop/orders": stopped, "staging/stg_orders": stopped}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path, statuses=troubled(), graph=described())


@pytest.fixture
def pages(shop: Shop) -> Iterator[TestClient]:
    yield shop.client()


def listed(pages: TestClient, query: str = "") -> dict[str, dict]:  # type: ignore[type-arg]
    facts = pages.get(f"/catalog/attention.json{query}").json()
    return {item["key"]: item for item in facts["items"]}


def send(pages: TestClient, action: str, **fields: str) -> tuple[int, str]:
    answer = sent(pages, action, **fields)
    return answer.status_code, answer.text


def sent(pages: TestClient, action: str, **fields: str) -> Any:
    return pages.post(
        f"/catalog/attention/{action}",
        data={"token": TOKEN, "who": "ana@example.com", **fields},
        headers={"origin": ORIGIN},
        follow_redirects=False,
    )


def test_the_list_has_what_is_wrong_with_assets_and_records(pages: TestClient) -> None:
    found = listed(pages)
    assert list(found) == [
        "failed_run:raw/shop/orders",  # and not what was stopped with it
        "off_track:key_result/sessions",
        "bad_feedback:feedback/2",
        "overdue_action:minutes/2026-05-04#1",
    ]
    first = found["failed_run:raw/shop/orders"]
    assert first["what"] == "the last run failed; 1 asset downstream waits"
    assert first["step_url"] == "/runs/r2" and first["owner"]["name"] == "shop@example.com"
    assert [o["title"] for o in first["objectives"]] == ["A shop that earns its keep"]
    assert first["arithmetic"].endswith(f"× (8 failed run) = {first['score']:g}")
    said = found["bad_feedback:feedback/2"]
    assert said["url"] == "/catalog/feedback#feedback-2"
    assert said["step_url"] == "/catalog/feedback?answer=2#feedback-2"
    scores = [item["score"] for item in found.values()]
    assert scores == sorted(scores, reverse=True)


def test_the_page_shows_each_sum_and_each_next_step(pages: TestClient) -> None:
    text = pages.get("/catalog/attention").text
    for item in listed(pages).values():
        assert item["arithmetic"] in text and item["next_step"] in text and item["url"] in text
    assert text.count("<svg") == 1 and "A shop that earns its keep" in text


def test_the_list_can_be_narrowed_to_a_kind_and_an_owner(pages: TestClient) -> None:
    assert set(listed(pages, "?kind=bad+feedback")) == {"bad_feedback:feedback/2"}
    assert set(listed(pages, "?owner=ben@example.com")) == {"overdue_action:minutes/2026-05-04#1"}
    assert listed(pages, "?kind=none") == {} and listed(pages, "?page=9") == {}
    assert pages.get("/catalog/attention?kind=<b>&owner=%22").status_code == 200


def test_the_home_page_begins_the_list_and_shows_the_picture(pages: TestClient) -> None:
    facts = pages.get("/catalog/home.json").json()
    assert [item["key"] for item in facts["attention"]] == list(listed(pages))
    assert facts["attention_total"] == 4
    text = pages.get("/catalog/").text
    assert "/catalog/attention" in text and "<svg" in text and "the last run failed" in text


def test_an_entry_is_snoozed_with_a_reason_and_an_end_and_woken(pages: TestClient) -> None:
    key = "failed_run:raw/shop/orders"
    until = (NOW + timedelta(days=300)).date().isoformat()
    status, _ = send(pages, "snooze", item=key, reason="They move <b>house</b>", until=until)
    assert status == 303
    facts = pages.get("/catalog/attention.json").json()
    assert key not in {item["key"] for item in facts["items"]}
    assert [(i["key"], i["snoozed"]["reason"], i["snoozed"]["who"]) for i in facts["snoozed"]] == [
        (key, "They move <b>house</b>", "ana@example.com")
    ]
    page = pages.get("/catalog/attention").text
    assert "They move &lt;b&gt;house&lt;/b&gt;" in page and day(until) in page
    assert key not in {i["key"] for i in pages.get("/catalog/home.json").json()["attention"]}
    assert send(pages, "wake", item=key)[0] == 303
    assert key in listed(pages)


def test_what_a_snooze_did_is_said_and_can_be_undone(pages: TestClient) -> None:
    key, until = "failed_run:raw/shop/orders", (NOW + timedelta(days=300)).date().isoformat()
    fields = {"item": key, "reason": "They <i>move</i>", "until": until, "kind": "failed run"}
    to = sent(pages, "snooze", **fields).headers["location"]
    assert to.startswith("/catalog/attention?kind=failed+run&")
    words = f"<strong>Waits until {day(until)}:</strong> They &lt;i&gt;move&lt;/i&gt;"
    told = pages.get(to).text.split('role="status"')[1].split("</div>")[0]
    assert words in told and f'name="item" value="{key}"' in told and ">Undo<" in told
    back = sent(pages, "wake", item=key).headers["location"]
    assert "On the list again." in pages.get(back).text
    assert 'role="status"' not in pages.get(to).text, "it does not wait any more"


def test_what_can_not_be_snoozed_is_refused_and_nothing_written_is_lost(pages: TestClient) -> None:
    key = "failed_run:raw/shop/orders"
    assert send(pages, "snooze", item="late:nothing", reason="x", until="2027-01-01")[0] == 404
    status, text = send(pages, "snooze", item=key, reason="Too long", until="2030-01-01")
    assert status == 400 and "is too long" in text and 'value="Too long"' in text
    assert send(pages, "snooze", item=key, reason="  ", until="2027-01-01")[0] == 400
    assert send(pages, "snooze", item=key, reason="x", until="soon")[0] == 400
    elsewhere = pages.post(
        "/catalog/attention/snooze",
        data={"token": TOKEN, "item": key, "reason": "x", "who": "eve"},
        headers={"origin": "https://elsewhere.example"},
    )
    assert elsewhere.status_code == 403
    assert listed(pages)[key]["snoozed"] is None


def test_without_a_store_there_is_the_list_and_nothing_to_send(client: TestClient) -> None:
    assert "late:marts/fct_orders" not in listed(client)  # its upstream failed: listed there
    assert list(listed(client)) == ["failed_run:staging/stg_orders", "late:marts/daily_traffic"]
    assert "/catalog/attention/snooze" not in client.get("/catalog/attention").text
    assert client.post("/catalog/attention/snooze").status_code == 404


def test_a_store_that_is_away_takes_nothing_from_the_list_of_assets(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from resources.errors import PlatformError

    def away(*_: object) -> None:
        raise PlatformError("The database does not answer.")

    for name in ("changes", "snoozes", "requests", "feedback"):
        monkeypatch.setattr(shop.store, name, away)
    assert "failed_run:raw/shop/orders" in listed(shop.client())


def test_the_picture_on_its_own_is_an_svg_in_colours_of_its_own(pages: TestClient) -> None:
    answer = pages.get("/catalog/attention.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    drawn = ElementTree.fromstring(answer.text)
    bad = [a for a in drawn.iter() if a.get("class") == "spot bad"]
    assert [a.get("href") for a in bad][-1] == "/catalog/asset/raw/shop/orders"
    assert all(e.get("fill") for a in bad for e in a if e.tag.endswith("rect"))


def drawn(statuses: dict[str, Status], assets: Graph | None = None) -> Picture:
    whole, known = assets or described(), Known()
    items = attention(whole, statuses, known, NOW)
    return picture(whole, items, weigh(whole, known, NOW), causes(whole, statuses, NOW))


def test_the_picture_colours_a_cause_what_waits_for_it_and_the_way_between() -> None:
    statuses = {**well(), "raw/shop/orders": replace(MADE, failed_run="r2")}
    statuses |= {"marts/fct_orders": OLD}
    found = drawn(statuses)
    levels = {spot.key: spot.level for spot in found.spots}
    assert levels == {
        "raw/shop/orders": "bad",
        "marts/fct_orders": "waits",
        "staging/stg_orders": "fine",
        "raw/shop/customers": "fine",
        "marts/daily_traffic": "fine",
        "report/revenue": "fine",
        KEY: "fine",
    }
    assert found.spots[-1].key == "raw/shop/orders"  # on top
    assert [spot.label for spot in found.spots if spot.label] == ["orders"]
    assert sum(line.bad for line in found.lines) == 2  # orders → stg_orders → fct_orders
    assert "In bad trouble: raw/shop/orders." in found.summary


def test_what_matters_more_is_larger_and_each_layer_has_its_band() -> None:
    found = drawn(well())
    at = {spot.key: spot for spot in found.spots}
    assert at["raw/shop/orders"].radius > at["report/revenue"].radius
    assert at["raw/shop/orders"].x < at["staging/stg_orders"].x < at["report/revenue"].x
    names = [name for name, _, _ in found.bands]
    assert names == ["Sources", "Staging", "Marts", "Reports", "Key results"]
    assert all(0 < s.x < found.width and 0 < s.y < found.height for s in found.spots)


def test_of_thousands_all_in_trouble_are_drawn_and_the_rest_is_counted() -> None:
    every = {f"raw/t{n:04}": Asset(f"raw/t{n:04}", "source", layer="raw") for n in range(2_000)}
    whole, known = Graph(every), Known()
    statuses = {**dict.fromkeys(every, MADE), "raw/t1999": replace(MADE, failed_run="r2")}
    items = [i for i in attention(whole, statuses, known, NOW) if i.kind == "failed run"]
    found = picture(whole, items, weigh(whole, known, NOW), Causes())
    assert len(found.spots) == MOST and found.left_out == 2_000 - MOST
    assert found.spots[-1].key == "raw/t1999" and found.height < 1_000


def test_an_empty_catalog_has_an_empty_picture() -> None:
    found = drawn({}, Graph())
    assert found.spots == () and found.width > 0 and "In bad trouble: none." in found.summary


def test_the_first_waits_for_what_the_warehouse_tells_and_later_ones_do_not() -> None:
    asked, answers, go_on = [], iter([1, 2, ValueError("away"), 3]), threading.Event()

    def find() -> int:
        asked.append(1)
        found = next(answers)
        if len(asked) > 1:
            go_on.wait(5)
        if isinstance(found, ValueError):
            raise found
        return found

    def settled(times: int) -> None:
        until = time.monotonic() + 5
        while len(asked) < times or lately._guard.locked():
            assert time.monotonic() < until
            time.sleep(0.002)

    lately = Lately(find, 0, seconds=0)
    assert lately.value() == 1
    assert lately.value() == 1  # while 2 is found out
    go_on.set()
    settled(2)
    assert lately.value() == 2
    settled(3)
    assert lately.value() == 2  # it could not be found out
    settled(4)
    assert lately.value() == 3

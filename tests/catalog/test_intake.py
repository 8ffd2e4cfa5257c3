"""Asking and telling: forms that are kept once, by whom, and what their pages show of them."""

import os
import re
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from platform_assets.catalog.demand import feedback_pages
from platform_assets.product.kinds import STAGES
from platform_assets.product.store import RecordStore
from resources.settings import settings
from tests.catalog.intake_world import ANA, BEN, DATA, Intake
from tests.catalog.test_report_pages import NOW, keep
from tests.catalog.test_security import faults
from tests.catalog.world import HereSandbox

RETURNS = "Returns by product and reason"


@pytest.fixture
def intake(tmp_path: Path, sandbox: HereSandbox) -> Intake:
    return Intake(tmp_path, sandbox=sandbox)


def asked(intake: Intake, title: str = RETURNS, who: str = ANA, **more: str) -> int:
    return intake.store.submit_request(who, title=title, **more).number  # type: ignore[arg-type]


def test_two_fields_become_a_request_and_the_browser_knows_who_asked(intake: Intake) -> None:
    ana = intake.person()
    answer = ana.tries("/ask", title=RETURNS, decision="Which to drop", who=ANA)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/catalog/request/1?did=ask&number=1",
    )
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Secure" not in cookie
    found = intake.store.request(1)
    assert (found.title, found.decision, found.asker) == (RETURNS, "Which to drop", ANA)
    assert "Asked. You will see here" in ana.sees("/request/1", did="ask", number="1")
    ana.sends("/ask", title="Stock by hour")
    assert intake.store.request(2).asker == ANA
    assert [r["number"] for r in ana.facts("/mine")["waiting"]] == [2, 1]


def test_without_a_name_it_asks_for_one_and_keeps_what_was_typed(intake: Intake) -> None:
    nobody = intake.person()
    answer = nobody.tries("/ask", title=RETURNS, decision="Which to drop")
    assert answer.status_code == 400 and "Who are you?" in answer.text
    assert f'name="title" value="{RETURNS}"' in answer.text
    assert 'name="decision" value="Which to drop"' in answer.text
    assert intake.store.requests() == []
    nobody.sends("/ask", title=RETURNS, decision="Which to drop", who="Ána  \u202eB")
    assert intake.store.request(1).asker == "Ána B"
    assert nobody.facts("/mine")["waiting"], "its name came back from the cookie as it was"


def test_where_there_is_a_sign_on_nothing_else_says_who_somebody_is(
    project_data: Path, intake: Intake
) -> None:
    os.environ["PLATFORM_USER_HEADER"] = "X-Forwarded-Email"
    settings.cache_clear()
    cheat = intake.person(BEN)
    refused = cheat.tries("/ask", title=RETURNS, who=BEN)
    assert refused.status_code == 400 and "You are not signed in" in refused.text
    assert intake.store.requests() == []
    signed = {"x-forwarded-email": "jürgen@example.com".encode()}
    answer = cheat.tries("/ask", signed, title=RETURNS, who=BEN)
    assert answer.status_code == 303 and "set-cookie" not in answer.headers
    assert intake.store.request(1).asker == "jürgen@example.com"
    page = intake.person().client.get("/catalog/ask", headers=signed).text
    assert "You ask as <strong>jürgen@example.com</strong>" in page and 'name="who"' not in page


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": "x" * 201}, "may have 200 characters"),
        ({"title": "  "}, "is missing"),
        ({"title": RETURNS, "needed_by": "soon"}, "is no day"),
        ({"title": RETURNS, "decision": "x" * 4_001}, "4,000 characters"),
    ],
)
def test_a_form_that_is_refused_comes_back_with_what_was_in_it(
    intake: Intake, fields: dict[str, str], reason: str
) -> None:
    answer = intake.person(ANA).tries("/ask", **{"waiting_costs": "A season.", **fields})
    assert answer.status_code == 400 and reason in answer.text
    assert "A season." in answer.text and fields["title"].strip() in answer.text
    assert intake.store.requests() == []


def test_only_the_catalogs_own_pages_send_forms_and_no_large_ones(intake: Intake) -> None:
    ana = intake.person(ANA)
    assert ana.tries("/ask", {"origin": "http://evil.example"}, title="x").status_code == 403
    assert ana.tries("/ask", token="none", title="x").status_code == 403
    assert ana.tries("/ask", title="x", decision="y" * 64_000).status_code == 413
    assert ana.client.get("/catalog/request/1/vote").status_code == 405
    assert intake.store.requests() == []


def test_the_same_sent_twice_is_one_request(intake: Intake) -> None:
    ana = intake.person(ANA)
    assert ana.sends("/ask", title=RETURNS) == ana.sends("/ask", title=RETURNS)
    assert len(intake.store.requests()) == 1


def test_what_is_there_already_is_offered_while_typing(intake: Intake) -> None:
    number = asked(intake)
    ana = intake.person(BEN)
    found = ana.facts("/ask/similar", q="we need the returns of each product")
    assert [r["number"] for r in found["requests"]] == [number] and found["assets"] == []
    found = ana.facts("/ask/similar", q="How did our revenues go?")
    assert found["assets"][0]["key"] == "report/revenue"
    assert {a["kind"] for a in found["assets"]} <= {"report", "table"}
    for idle in ("", "what is the number of each", "zzz qqq xxx", "'\" OR 1=1 --", "*"):
        assert ana.facts("/ask/similar", q=idle) == {"q": idle, "assets": [], "requests": []}
    page = ana.sees("/ask", q="returns of each product")
    assert f'formaction="/catalog/request/{number}/vote"' in page
    ana.sends(f"/request/{number}/vote", title="returns of each product", decision="")
    assert intake.store.request(number).voters == (BEN,)


def test_without_scripts_one_can_look_first(intake: Intake) -> None:
    asked(intake)
    to = intake.person(BEN).sends("/ask", title="returns by product", decision="What?", look="1")
    page = intake.person(BEN).sees(to)
    assert RETURNS in page and 'value="returns by product"' in page and ">What?</textarea>" in page
    assert len(intake.store.requests()) == 1 and "token" not in to


def test_a_search_in_vain_can_become_a_request(intake: Intake) -> None:
    ana = intake.person(ANA)
    page = ana.sees("/search", q="stock levels")
    link = re.search(r'href="/catalog(/ask\?searched=[^"]+)">Ask for it', page)
    assert link is not None
    form = ana.sees(link[1])
    assert 'name="title" value="stock levels"' in form
    assert 'name="about" value="search: stock levels"' in form
    ana.sends("/ask", title="Stock levels by warehouse", about="search: stock levels")
    assert "came from the search: stock levels" in ana.sees("/request/1")
    assert "Ask for it" in ana.sees("/search", q="orders"), "also beside what was found"


def test_every_page_leads_to_asking_and_telling_about_what_it_shows(intake: Intake) -> None:
    ana = intake.person(ANA)
    for path, key in (
        ("/asset/marts/fct_orders", "marts/fct_orders"),
        ("/report/revenue", "report/revenue"),
        ("/column/marts/fct_orders/revenue", "marts/fct_orders"),
    ):
        page = ana.sees(path)
        assert f'href="/catalog/tell/{key}"' in page and f'href="/catalog/ask?about={key}"' in page
    assert 'href="/catalog/ask"' in ana.sees("/coverage")
    assert "About <a" in ana.sees("/ask", about="report/revenue")
    ana.sends("/ask", title="With returns", about="report/revenue")
    assert ana.facts("/request/1")["about_asset"]["label"] == "Revenue review"


def test_feedback_is_on_the_newest_version_unless_another_is_chosen(intake: Intake) -> None:
    keep(intake.archive, NOW, revenue=2)
    old = keep(intake.archive, NOW.replace(year=2025), revenue=1)
    ana = intake.person(ANA)
    facts = ana.facts("/tell/report/revenue")
    assert [v["name"] for v in facts["versions"]] == ["2026-06-01T060000Z", old]
    assert facts["begun"]["version"] == "2026-06-01T060000Z"
    to = ana.sends("/tell/report/revenue", rating="2", words="Late.", version=old, stage="trial")
    assert to == "/feedback?about=report%2Frevenue&did=tell#feedback-1"
    found = intake.store.feedback()[0]
    assert (found.about, found.version, found.rating, found.words, found.stage, found.author) == (
        "report/revenue", old, 2, "Late.", "trial", ANA,
    )  # fmt: skip
    page = ana.sees("/feedback", about="report/revenue")
    assert 'id="feedback-1"' in page and f"/files/reports/revenue/{old}/index.html" in page


def test_a_tables_version_is_the_time_of_its_materialization(intake: Intake) -> None:
    made = dg.AssetMaterialization(["marts", "daily_traffic"])
    intake.catalog.instance.report_runless_asset_event(made)
    facts = intake.person(ANA).facts("/tell/marts/daily_traffic")
    assert len(facts["versions"]) == 1
    assert f"{date.fromisoformat(facts['begun']['version'][:10])}" == facts["begun"]["version"][:10]
    never = intake.person(ANA).facts("/tell/raw/shop/customers")
    assert never["begun"]["version"] in ("", *(v["name"] for v in never["versions"]))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "has no rating yet"),
        ({"rating": "6"}, "has no rating yet"),
        ({"rating": "3.5"}, "has no rating yet"),
        ({"rating": "nan"}, "is no number"),
        ({"rating": "4", "stage": "x"}, STAGES[0]),
    ],
)
def test_feedback_that_is_refused_keeps_its_words(
    intake: Intake, fields: dict[str, str], reason: str
) -> None:
    answer = intake.person(ANA).tries("/tell/report/revenue", words="Much better.", **fields)
    assert answer.status_code == 400 and reason in answer.text
    assert ">Much better.</textarea>" in answer.text and intake.store.feedback() == []


def test_feedback_of_who_asked_names_the_request(intake: Intake) -> None:
    number = asked(intake)
    intake.store.accept(number, DATA)
    intake.store.ship(number, DATA, "report/revenue", "")
    intake.person(BEN).sends("/tell/report/revenue", rating="3")
    intake.person(ANA).sends("/tell/report/revenue", rating="5", words="Yes!")
    said = {f.author: f.request for f in intake.store.feedback()}
    assert said == {ANA: number, BEN: None}
    assert "Yes!" in intake.person(BEN).sees(f"/request/{number}")


def test_feedback_is_answered_and_its_author_sees_it(intake: Intake) -> None:
    intake.store.submit_feedback(ANA, about="report/revenue", version="", rating=1, words="Wrong.")
    data = intake.person(DATA)
    assert data.facts("/feedback", show="unanswered")["total"] == 1
    empty = data.tries("/feedback/1/answer", words=" ")
    assert empty.status_code == 400 and "is missing" in empty.text
    to = data.sends("/feedback/1/answer", words="Mended.", about="report/revenue")
    assert to.endswith("#feedback-1")
    assert data.facts("/feedback", show="unanswered")["total"] == 0
    assert "Mended." in intake.person(ANA).sees("/mine")
    assert data.tries("/feedback/7/answer", words="x").status_code == 404


def test_who_comes_to_answer_finds_the_form_open_on_its_page(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rating in (1, 2, 3):
        said = {"about": "report/revenue", "version": "", "words": f"It is {rating}."}
        intake.store.submit_feedback(ANA, rating=rating, **said)
    monkeypatch.setattr(feedback_pages, "PAGE", 2)
    data = intake.person(DATA)
    assert "Answer<" in data.sees("/feedback") and "details open" not in data.sees("/feedback")
    page = data.sees("/feedback", answer="1")
    assert "It is 1." in page and page.count('<details class="more" open>') == 1
    assert '<details class="more" open>' not in data.sees("/feedback", answer="x")


def test_what_to_speak_of_is_found(intake: Intake) -> None:
    ana = intake.person(ANA)
    assert [a["key"] for a in ana.facts("/tell")["found"]] == ["report/revenue"]
    assert "marts/daily_traffic" in [a["key"] for a in ana.facts("/tell", q="traffic")["found"]]
    assert "/catalog/ask?searched=zzz" in ana.sees("/tell", q="zzz")


@pytest.mark.parametrize(
    "path",
    ["/tell/none", "/request/7", "/request/x", "/request/-1", f"/request/{'9' * 40}", "/request/٣"],
)
def test_what_is_not_there_is_not_found(intake: Intake, path: str) -> None:
    for suffix in ("", ".json"):
        assert intake.person().client.get(f"/catalog{path}{suffix}").status_code == 404
    assert intake.person(ANA).tries(f"{path}/vote").status_code in (404, 405)


@pytest.mark.parametrize(
    "path",
    ["/ask", "/tell", "/tell/report/revenue", "/requests", "/request/1", "/feedback", "/mine",
     "/triage"],
)  # fmt: skip
def test_every_page_is_whole_has_a_twin_and_the_policy(intake: Intake, path: str) -> None:
    asked(intake)
    answer = intake.person(ANA).client.get(f"/catalog{path}")
    assert answer.text.startswith("<!doctype html>") and answer.text.count("<h1") == 1
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert faults(answer.text) == []
    assert isinstance(intake.person(ANA).facts(path), dict)


HOSTILE = (
    "</textarea><script>alert(1)</script>", '" autofocus onfocus=alert(1) x="', "{{ 7 * 7 }}",
    "<img src=x onerror=alert(1)>", "javascript:alert(1)", "]]>-->'\u202e\x07",
    "'; DROP TABLE x;--",
)  # fmt: skip


def test_what_people_write_is_shown_and_never_run(intake: Intake) -> None:
    for number, text in enumerate(HOSTILE, 1):
        person = intake.person()
        person.sends("/ask", title=text, decision=text, waiting_costs=text, about=text, who=text)
        person.sends(f"/request/{number}/comment", words=text)
        person.sends(f"/request/{number}/override", score="3", reason=text)
        refused = person.tries("/tell/report/revenue", rating="1", words=text, version=text)
        assert refused.status_code == 422 and faults(refused.text) == []
        assert "<script>alert" not in refused.text and "<img" not in refused.text
        person.sends("/tell/report/revenue", rating="1", words=text)
        person.sends(f"/feedback/{number}/answer", words=text)
    intake.store.accept(1, DATA, assignee=HOSTILE[0], requirement=HOSTILE[1])
    intake.store.ship(2, DATA, HOSTILE[2], HOSTILE[3])
    intake.store.decline(3, DATA, HOSTILE[0])
    pages = ["/ask", "/requests?show=all", "/triage", "/mine", "/feedback", "/tell/report/revenue"]
    pages += [f"/request/{number}" for number in range(1, len(HOSTILE) + 1)]
    pages += [f"/{name}?about=<i>&q=<img>&show=<b>" for name in ("ask", "requests", "feedback")]
    for path in pages:
        page = person.sees(path)
        assert faults(page) == [] and "<script>alert" not in page and "<img" not in page, path
    wrong = person.tries("/request/4/merge", into=HOSTILE[0])
    assert wrong.status_code == 400 and faults(wrong.text) == []


def test_pages_go_on_where_the_store_is_away(tmp_path: Path) -> None:
    away = RecordStore("postgresql://nobody:x@127.0.0.1:1/none")
    intake = Intake(tmp_path, store=away)
    ana = intake.person(ANA)
    assert "Revenue review" in ana.sees("/asset/report/revenue")
    answer = ana.tries("/ask", title=RETURNS, decision="Which to drop")
    assert answer.status_code == 503 and RETURNS in answer.text and "Which to drop" in answer.text
    assert ana.client.get("/catalog/requests").status_code == 503


def test_a_page_that_is_not_there_has_what_every_page_has(tmp_path: Path) -> None:
    answer = Intake(tmp_path).person(ANA).client.get("/catalog/asset/none")
    assert answer.status_code == 404
    assert "Ask for data" in answer.text and "There is no asset none" in answer.text

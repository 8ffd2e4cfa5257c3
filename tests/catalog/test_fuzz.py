"""The JSON routes hold what their OpenAPI description promises, whatever they are asked."""

import time
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from starlette.testclient import TestClient

from tests.catalog.intake_world import ANA, BEN, Intake
from tests.catalog.world import HereSandbox

EXAMPLES = 12  # of each operation


@pytest.fixture
def app(sandbox: HereSandbox, tmp_path: Path) -> object:
    intake = Intake(tmp_path, sandbox=sandbox)
    intake.store.submit_request(ANA, title="Returns by reason", about="marts/fct_orders")
    intake.store.vote(1, BEN)
    said = {"version": "2026-05-01", "rating": 2, "words": "Too late."}
    intake.store.submit_feedback(BEN, about="report/revenue", **said)
    return intake.app


def test_the_description_names_every_json_route(client: TestClient) -> None:
    described = set(client.get("/catalog/openapi.json").json()["paths"])
    mounted = client.app.routes[0].app  # type: ignore[attr-defined]
    while not hasattr(mounted, "routes"):
        mounted = mounted.app
    served = {
        "/catalog" + route.path.replace(":path", "")
        for route in mounted.routes
        if route.path.endswith((".json", "/healthz")) and route.path != "/openapi.json"
    }
    assert described == served


def test_no_question_breaks_a_json_route(app: object) -> None:
    schema = schemathesis.openapi.from_asgi("/catalog/openapi.json", app)
    started, asked = time.monotonic(), 0
    for operation in schema.get_all_operations():
        one = operation.ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=one.as_strategy())
        def ask(case: object) -> None:
            nonlocal asked
            asked += 1
            response = case.call()  # type: ignore[attr-defined]
            assert response.status_code != 500
            # That a text is a text does not make it SQL: a 400 is the right answer to most.
            case.validate_response(  # type: ignore[attr-defined]
                response, excluded_checks=[positive_data_acceptance]
            )

        ask()
    assert asked >= 150
    assert time.monotonic() - started < 60

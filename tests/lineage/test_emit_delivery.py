"""When an event counts as accepted, whatever the transport."""

import json
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from platform_assets.lineage.openlineage.emit import static
from platform_assets.lineage.openlineage.emit.delivery import Delivery, NotAcceptedError
from tests.lineage import emitting
from tests.lineage.emitting import ASSETS, NAMING, Receiver

EVENTS = 15  # of the small catalog
TRANSFORMER = "openlineage.client.transport.transform.JobNamespaceReplaceTransformer"
CLOSED = "http://127.0.0.1:9"  # nobody listens


def events() -> list[Any]:
    return list(static.events(ASSETS, NAMING, "2026-01-02T03:04:05.000000+00:00"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as found:
        yield found


def composite(*transports: dict[str, Any], **options: bool) -> dict[str, Any]:
    return {"transport": {"type": "composite", "transports": list(transports), **options}}


@pytest.mark.parametrize("kind", ["http", "async_http"])
def test_all_is_accepted(receiver: Receiver, tmp_path: Path, kind: str) -> None:
    assert emitting.delivery(receiver.config(kind), tmp_path).send(events()) == EVENTS
    assert len({json.dumps(e, sort_keys=True) for e in receiver.events}) == EVENTS


@pytest.mark.parametrize("kind", ["http", "async_http"])
@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_an_answer_that_is_no_yes_is_a_no(
    receiver: Receiver, tmp_path: Path, kind: str, status: int
) -> None:
    sending = emitting.delivery(receiver.config(kind), tmp_path)
    receiver.status = status
    with pytest.raises(NotAcceptedError, match="takes no events"):
        sending.send(events())
    receiver.status = 201
    assert sending.send(events()) == EVENTS
    assert len({json.dumps(e, sort_keys=True) for e in receiver.events}) == EVENTS


@pytest.mark.parametrize("kind", ["http", "async_http"])
def test_nobody_there_is_a_no(receiver: Receiver, tmp_path: Path, kind: str) -> None:
    config = receiver.config(kind)
    config["transport"]["url"] = CLOSED
    with pytest.raises(NotAcceptedError):
        emitting.delivery(config, tmp_path).send(events())


@pytest.mark.parametrize("kind", ["http", "async_http"])
def test_an_event_that_is_refused_for_ever_is_kept_and_the_others_go_on(
    receiver: Receiver, tmp_path: Path, kind: str
) -> None:
    receiver.refuses = "marts.broken"
    assert emitting.delivery(receiver.config(kind), tmp_path).send(events()) == EVENTS
    kept = [json.loads(line) for line in (tmp_path / "refused.ndjson").open()]
    assert len(kept) == 3  # the dataset, the job that makes it, and the one that reads it
    assert all("422" in k["reason"] for k in kept)
    arrived = {json.dumps(e, sort_keys=True) for e in receiver.events}
    assert len(arrived) + len(kept) == EVENTS


@pytest.mark.parametrize("kind", ["http", "async_http"])
def test_who_refuses_everything_is_the_wrong_receiver(
    receiver: Receiver, tmp_path: Path, kind: str
) -> None:
    receiver.refuses = "eventTime"  # of every event
    with pytest.raises(NotAcceptedError, match="refuses every event: 422"):
        emitting.delivery(receiver.config(kind), tmp_path).send(events())
    assert not (tmp_path / "refused.ndjson").exists()


def test_a_composite_has_accepted_when_all_of_it_has(receiver: Receiver, tmp_path: Path) -> None:
    file = {"type": "file", "log_file_path": str(tmp_path / "events"), "append": True}
    sending = emitting.delivery(composite(receiver.config()["transport"], file), tmp_path)
    receiver.status = 503
    with pytest.raises(NotAcceptedError):  # the client's own composite logs a warning and goes on
        sending.send(events())
    receiver.status = 201
    assert sending.send(events()) == EVENTS
    assert len(receiver.events) == EVENTS


def test_a_composite_of_spares_has_accepted_when_one_has(
    receiver: Receiver, tmp_path: Path
) -> None:
    first = receiver.config()["transport"] | {"url": CLOSED}
    both = composite(first, receiver.config()["transport"], continue_on_success=False)
    assert emitting.delivery(both, tmp_path).send(events()) == EVENTS
    assert len(receiver.events) == EVENTS


def test_a_transport_inside_another_is_asked(receiver: Receiver, tmp_path: Path) -> None:
    inner = receiver.config("async_http")["transport"]
    config = {
        "transport": {
            "type": "transform",
            "transport": inner,
            "transformer_class": TRANSFORMER,
            "transformer_properties": {"new_job_namespace": "production"},
        }
    }
    sending = emitting.delivery(config, tmp_path)
    receiver.status = 500
    with pytest.raises(NotAcceptedError):
        sending.send(events())
    receiver.status = 201
    sending.send(events())
    assert {e["job"]["namespace"] for e in receiver.events if "job" in e} == {"production"}


def test_a_file_whose_writer_was_killed_loses_no_event(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text('{"half": "an ev')
    config = {"transport": {"type": "file", "log_file_path": str(file), "append": True}}
    emitting.delivery(config, tmp_path).send(events())
    first, *others = file.read_text().splitlines()
    assert first == '{"half": "an ev'
    assert len([json.loads(line) for line in others]) == EVENTS


class Broker:
    """What Kafka's client shows of a broker, which takes messages or does not."""

    taken: list[tuple[str, bytes]]
    problem: str | None

    def __init__(self, config: dict[str, str]) -> None:
        self._waiting: list[Any] = []
        type(self).taken, type(self).problem = [], None

    def produce(self, *, topic: str, key: str, value: bytes, on_delivery: Any) -> None:
        self._waiting.append(((key, value), on_delivery))

    def flush(self, timeout: float) -> int:
        waiting, self._waiting = self._waiting, []
        for value, told in waiting:
            if self.problem is None:
                self.taken.append(value)
            told(self.problem, value)
        return 0


def test_a_message_that_kafkas_broker_did_not_take_was_not_accepted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kafka = types.ModuleType("confluent_kafka")
    kafka.Producer = Broker  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "confluent_kafka", kafka)
    config = {"transport": {"type": "kafka", "topic": "lineage", "config": {"a": "b"}}}
    sending = emitting.delivery(config, tmp_path)
    Broker.problem = "Local: Message timed out"
    with pytest.raises(NotAcceptedError, match="timed out"):  # which the client logs, and no more
        sending.send(events())
    Broker.problem = None
    assert sending.send(events()) == EVENTS
    assert len(Broker.taken) == EVENTS
    assert "job:platform/marts.orders" in {key for key, _ in Broker.taken}  # as events have theirs


def test_a_problem_is_told_without_secrets(tmp_path: Path) -> None:
    class Angry:
        kind = "angry"

        def emit(self, event: Any) -> None:
            raise ConnectionError("no way to https://ana:hunter2hunter2@receiver/x")

    from openlineage.client import OpenLineageClient

    sending = Delivery(tmp_path / "refused", OpenLineageClient(transport=Angry()))  # type: ignore[arg-type]
    with pytest.raises(NotAcceptedError) as caught:
        sending.send(events())
    assert "https://ana:***@receiver/x" in caught.value.message

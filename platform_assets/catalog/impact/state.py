"""What a project is, in plain values: its assets, their columns, what each means, what it rests on.

What belongs here: the vocabulary, and its form as JSON. What does not: how it is made (`states`).
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from platform_assets.lineage.meaning import Meaning
from platform_assets.lineage.model import Edge, Source, TableLineage


@dataclass(frozen=True)
class Described:
    """A column: its type as declared or "", and whether it holds personal data."""

    name: str
    type: str = ""
    personal: bool = False


@dataclass(frozen=True)
class Thing:
    """An asset as far as a change of it is told.

    Attributes:
        columns: by name in lower case, as far as they are known.
        complete: whether all of its columns are.
        contract: its columns are promised: dbt enforces them.
        fresh: how old it may become, in words.
    """

    key: str
    label: str
    kind: str
    table: str = ""
    owners: tuple[str, ...] = ()
    audience: str = ""
    parents: tuple[str, ...] = ()
    columns: Mapping[str, Described] = field(default_factory=dict)
    complete: bool = False
    contract: bool = False
    fresh: str = ""
    file: str = ""


@dataclass(frozen=True)
class State:
    """A project, at one commit or as it lies there.

    Attributes:
        things: assets by key.
        lineage: of tables and reports' queries, by key.
        meanings: of tables and reports' queries, by key.
    """

    things: Mapping[str, Thing] = field(default_factory=dict)
    lineage: Mapping[str, TableLineage] = field(default_factory=dict)
    meanings: Mapping[str, Meaning] = field(default_factory=dict)


def dump(state: State) -> str:
    """Return a state as JSON."""
    return json.dumps(asdict(state))


def load(text: str) -> State:
    """Return a state from JSON."""
    told: Mapping[str, Any] = json.loads(text)
    return State(
        {key: _thing(one) for key, one in told["things"].items()},
        {key: _lineage(one) for key, one in told["lineage"].items()},
        {key: _meaning(one) for key, one in told["meanings"].items()},
    )


def _thing(one: Mapping[str, Any]) -> Thing:
    columns = {name: Described(**column) for name, column in one["columns"].items()}
    lists = {name: tuple(one[name]) for name in ("owners", "parents")}
    return Thing(**{**one, **lists, "columns": columns})


def _lineage(one: Mapping[str, Any]) -> TableLineage:
    columns = {name: tuple(map(_edge, edges)) for name, edges in one["columns"].items()}
    rows = tuple(map(_edge, one["rows"]))
    return TableLineage(one["key"], one["table"], columns, rows, one["problem"])


def _edge(one: Mapping[str, Any]) -> Edge:
    return Edge(Source(**one["source"]), one["kind"], one["subtype"], one["expression"])


def _meaning(one: Mapping[str, Any]) -> Meaning:
    return Meaning(**{**one, "conditions": tuple(one["conditions"])})

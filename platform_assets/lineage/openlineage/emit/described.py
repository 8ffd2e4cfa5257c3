"""What our events tell of an asset, gathered from Dagster's asset graph.

What belongs here: which fact comes from where. What does not: how OpenLineage puts it (`facets`).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import dagster as dg

from platform_assets.lineage.model import Statement, TableLineage
from platform_assets.lineage.openlineage.naming import REPORT, DatasetNames, Identifier, Naming
from resources import git
from resources.settings import PROJECT_ROOT

KIND_TAG = "dagster/kind/"
TABLE_NAME, COLUMNS = "dagster/table_name", "dagster/column_schema"

Nodes = Sequence[Any]  # of Dagster's asset graph
Columns = Callable[[Nodes], Mapping[str, TableLineage]]
Statements = Callable[[Nodes], Iterable[Statement]]


def no_columns(_nodes: Nodes) -> Mapping[str, TableLineage]:
    """Return that nobody knows what columns rest on."""
    return {}


def no_statements(_nodes: Nodes) -> Iterable[Statement]:
    """Return that nobody knows the SQL that makes an asset."""
    return ()


@dataclass(frozen=True)
class Place:
    """Where an asset is declared: a file below the project's folder, and the line."""

    path: str
    line: int


@dataclass(frozen=True, eq=False)
class Described:
    """An asset as our events tell of it; equal to itself alone, so that facets are kept by it.

    Attributes:
        key: `marts/orders`.
        parents: keys of what it is made from.
        sources: data from outside that it is made from: landed files, tables of a database.
        columns: declared; a materialization may know better.
        lineage: what its columns rest on; None where nobody knows.
        statement: the query that makes it; None for one that no query makes.
    """

    key: str
    names: DatasetNames
    table: str = ""
    parents: tuple[str, ...] = ()
    sources: tuple[Identifier, ...] = ()
    owners: tuple[str, ...] = ()
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    columns: tuple[dg.TableColumn, ...] = ()
    place: Place | None = None
    lineage: TableLineage | None = None
    statement: Statement | None = None
    made_here: bool = True


def describe(
    nodes: Nodes,
    naming: Naming,
    *,
    sources: Mapping[str, Sequence[Identifier]] | None = None,
    columns: Columns = no_columns,
    statements: Statements = no_statements,
) -> dict[str, Described]:
    """Return what there is to tell of each asset, by key.

    Args:
        nodes: of Dagster's asset graph.
        sources: data from outside, by the key of the asset that is made from it.
        columns: gives what the columns of each asset rest on, and those of each query of a report,
            by `report/<report>#<query>`.
        statements: gives the SQL that makes each asset.
    """
    lineage, outside = _with_reports(columns(nodes)), sources or {}
    sql = {statement.key: statement for statement in statements(nodes) if statement.sql}
    found = {}
    for node in nodes:
        key = "/".join(node.key.path)
        found[key] = _one(node, key, naming, outside.get(key, ()), lineage.get(key), sql.get(key))
    return found


def _with_reports(lineage: Mapping[str, TableLineage]) -> dict[str, TableLineage]:
    """Return lineage with that of each report: its columns are `query.column` of all its queries.

    That is what the report's own text calls them. What decides over the rows of a query decides
    over its columns, and not over those of the others.
    """
    queries: dict[str, list[tuple[str, TableLineage]]] = {}
    for key, one in lineage.items():
        report, separator, query = key.partition("#")
        if separator:
            queries.setdefault(report, []).append((query, one))
    found = {key: one for key, one in lineage.items() if "#" not in key}
    for report, every in queries.items():
        columns = {
            f"{query}.{column}": one.of(column) for query, one in every for column in one.columns
        }
        problem = " ".join(dict.fromkeys(one.problem for _, one in every if one.problem))
        found.setdefault(report, TableLineage(report, "", columns, (), problem))
    return found


def _one(
    node: Any,
    key: str,
    naming: Naming,
    sources: Sequence[Identifier],
    lineage: TableLineage | None,
    statement: Statement | None,
) -> Described:
    metadata: Mapping[str, Any] = node.metadata
    table = table_of(metadata)
    return Described(
        key=key,
        names=naming.dataset_of(key, table),
        table=table,
        parents=tuple(sorted("/".join(parent.path) for parent in node.parent_keys)),
        sources=tuple(sources),
        owners=tuple(node.owners or ()),
        description=node.description or "",
        tags={k: v for k, v in node.tags.items() if not k.startswith("dagster/")},
        kinds=tuple(sorted(k[len(KIND_TAG) :] for k in node.tags if k.startswith(KIND_TAG))),
        columns=columns_of(metadata) or _traced(key, lineage),
        place=_place(metadata),
        lineage=lineage,
        statement=statement,
        made_here=bool(node.is_materializable),
    )


def _traced(key: str, lineage: TableLineage | None) -> tuple[dg.TableColumn, ...]:
    """Return the columns of a report, of which nobody knows types before its queries run."""
    if lineage is None or not key.startswith(f"{REPORT}/"):
        return ()
    return tuple(dg.TableColumn(name, "?") for name in lineage.columns)


@lru_cache(1_000)
def unknown(key: str, naming: Naming) -> Described:
    """Return an asset that the log speaks of and nobody declares, or not any more."""
    return Described(key=key, names=naming.dataset_of(key))


def table_of(metadata: Mapping[str, Any]) -> str:
    """Return `schema.name`; "" for an asset that is no table."""
    name = plain(metadata.get(TABLE_NAME))
    return ".".join(str(name).split(".")[-2:]) if name else ""


def columns_of(metadata: Mapping[str, Any]) -> tuple[dg.TableColumn, ...]:
    """Return the columns that metadata tells."""
    schema = plain(metadata.get(COLUMNS))
    return tuple(getattr(schema, "columns", ()))


def plain(value: Any) -> Any:
    """Return a metadata value without Dagster's wrapping."""
    return value.value if isinstance(value, dg.MetadataValue) else value


def _place(metadata: Mapping[str, Any]) -> Place | None:
    found = metadata.get("dagster/code_references")
    for reference in getattr(found, "code_references", ()):
        path = Path(getattr(reference, "file_path", ""))
        if path.is_relative_to(PROJECT_ROOT):
            return Place(path.relative_to(PROJECT_ROOT).as_posix(), reference.line_number or 1)
    return None


@dataclass(frozen=True)
class Repository:
    """The project's own repository, as its links name it."""

    url: str  # https://host/team/project, without an account
    version: str
    branch: str

    def link(self, place: Place) -> str:
        """Return the address of a line of a file."""
        return f"{self.url}/blob/{self.version}/{quote(place.path)}#L{place.line}"


@cache
def repository() -> Repository | None:
    """Return the repository that the project is in; None where there is none, or no remote."""
    url, version = git.ask("config", "--get", "remote.origin.url"), git.ask("rev-parse", "HEAD")
    web = web_address(url)
    return (
        Repository(web, version, git.ask("branch", "--show-current")) if web and version else None
    )


def web_address(remote: str) -> str:
    """Return the address under which a remote is shown, without account and password; "" if none.

    >>> web_address("git@host.example:team/project.git")
    'https://host.example/team/project'
    """
    short = re.fullmatch(r"(?:[^@/]+@)?([^:/]+):(?!//)(.+)", remote)
    if short:
        host, path = short.groups()
    else:
        parts = urlsplit(remote)
        host, path = parts.hostname or "", parts.path
        if parts.scheme in {"http", "https"} and parts.port:
            host += f":{parts.port}"
    path = quote(path.strip("/").removesuffix(".git"), safe="/%:@!$&'()*+,;=")
    return f"https://{host}/{path}" if host and path else ""

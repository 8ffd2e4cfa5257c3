"""What we tell of a dataset, in OpenLineage's facets.

What belongs here: what is so of a dataset whether or not it is made just now. What does not: what
one run has done to it (`facets`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

import dagster as dg
from openlineage.client.facet_v2 import (
    DatasetFacet,
    catalog_dataset,
    column_lineage_dataset,
    dataset_type_dataset,
    datasource_dataset,
    documentation_dataset,
    ownership_dataset,
    schema_dataset,
    storage_dataset,
    symlinks_dataset,
    tags_dataset,
)

from platform_assets.lineage.model import Edge, TableLineage
from platform_assets.lineage.openlineage.emit.described import Described
from platform_assets.lineage.openlineage.emit.facets import (
    KEPT,
    MARKDOWN,
    TAG_SOURCE,
    Facets,
    owner,
)
from platform_assets.lineage.openlineage.emit.prepared import prepared
from platform_assets.lineage.openlineage.naming import REPORT, DatasetNames, Naming
from resources.secrets import redacted
from resources.settings import secret_values


def facets_of(asset: Described, naming: Naming, columns: Iterable[dg.TableColumn] = ()) -> Facets:
    """Return the facets of a dataset, in their last form.

    Args:
        columns: as the last materialization found them; default: as declared.
    """
    told = tuple(_told(columns, asset.columns)) or tuple(_told(asset.columns))
    return {**_of_asset(asset, naming, secret_values()), **_of_columns(asset, told)}


class _Column(NamedTuple):
    """A column as it is told."""

    name: str
    type: str
    description: str | None
    tags: tuple[tuple[str, str], ...]


def _told(
    found: Iterable[dg.TableColumn], declared: Iterable[dg.TableColumn] = ()
) -> Iterator[_Column]:
    """Yield columns as they were found, with what was written of them."""
    written = {column.name.lower(): column.description for column in declared}
    for c in found:
        description = c.description or written.get(c.name.lower())
        yield _Column(c.name, c.type, description, tuple(sorted(c.tags.items())))


@lru_cache(2 * KEPT)
def _of_columns(asset: Described, columns: tuple[_Column, ...]) -> Facets:
    return _present({"schema": _schema(columns), "tags": _tags(asset, columns)})


@lru_cache(KEPT)
def _of_asset(asset: Described, naming: Naming, secrets: frozenset[str]) -> Facets:
    """Return the facets that do not depend on what was found.

    Args:
        secrets: in clear; what is told is without them.
    """
    found: Facets = {
        "symlinks": _symlinks(asset.names),
        "documentation": documentation_dataset.DocumentationDatasetFacet(
            asset.description, MARKDOWN
        )
        if asset.description
        else None,
        "ownership": ownership_dataset.OwnershipDatasetFacet(
            [ownership_dataset.Owner(owner(one), "OWNER") for one in asset.owners]
        )
        if asset.owners
        else None,
        "columnLineage": _column_lineage(asset.lineage, naming, secrets),
        "datasetType": dataset_type_dataset.DatasetTypeDatasetFacet(_type(asset)),
        **(_table(asset, naming) if asset.table else {}),
    }
    return _present(found)


def _present(found: Mapping[str, DatasetFacet | None]) -> Facets:
    return {name: prepared(facet) for name, facet in found.items() if facet is not None}


def _table(asset: Described, naming: Naming) -> Facets:
    return {
        "catalog": catalog_dataset.CatalogDatasetFacet(
            framework="ducklake", type="ducklake", name=naming.lake, warehouseUri=naming.files
        ),
        # A namespace may have blanks, of a folder's name; a URI may not.
        "dataSource": datasource_dataset.DatasourceDatasetFacet(
            naming.lake, quote(naming.lake, safe="/:[]")
        ),
        "storage": storage_dataset.StorageDatasetFacet("ducklake", "parquet"),
    }


def _type(asset: Described) -> str:
    if asset.key.startswith(f"{REPORT}/"):
        return "REPORT"
    if "view" in asset.kinds:
        return "VIEW"
    return "TABLE" if asset.table else "ASSET"


def _symlinks(names: DatasetNames) -> DatasetFacet | None:
    if not names.symlinks:
        return None
    return symlinks_dataset.SymlinksDatasetFacet(
        [symlinks_dataset.Identifier(i.namespace, i.name, i.kind) for i in names.symlinks]
    )


def _schema(columns: Iterable[_Column]) -> DatasetFacet | None:
    fields = [
        schema_dataset.SchemaDatasetFacetFields(
            name=column.name,
            type=None if column.type == "?" else column.type,
            description=column.description or None,
            ordinal_position=place,
        )
        for place, column in enumerate(columns, start=1)
    ]
    return schema_dataset.SchemaDatasetFacet(fields) if fields else None


def _tags(asset: Described, columns: Iterable[_Column]) -> DatasetFacet | None:
    tag = tags_dataset.TagsDatasetFacetFields
    tags = [tag(k, v, TAG_SOURCE) for k, v in sorted(asset.tags.items())]
    tags += [
        tag(k, str(v), TAG_SOURCE, column.name)
        for column in {c.name: c for c in (*_told(asset.columns), *columns) if c.tags}.values()
        for k, v in column.tags
    ]
    return tags_dataset.TagsDatasetFacet(tags) if tags else None


def _column_lineage(
    lineage: TableLineage | None, naming: Naming, secrets: Collection[str]
) -> DatasetFacet | None:
    """Return the facet: direct edges and indirect ones of a column, and those of all rows."""
    if lineage is None or not (any(lineage.columns.values()) or lineage.rows):
        return None
    fields = {
        column: column_lineage_dataset.Fields(_inputs(edges, naming, secrets))
        for column, edges in lineage.columns.items()
        if edges
    }
    return column_lineage_dataset.ColumnLineageDatasetFacet(
        fields=fields, dataset=_inputs(lineage.rows, naming, secrets) or None
    )


def _inputs(
    edges: Iterable[Edge], naming: Naming, secrets: Collection[str]
) -> list[column_lineage_dataset.InputField]:
    """Return an input per source column, with every way in which it counts."""
    ways: dict[tuple[str, str], list[column_lineage_dataset.Transformation]] = {}
    for edge in edges:
        if not edge.source.column:
            continue  # the rows of a table count, no column: the table is an input of the job
        told = redacted(edge.expression, secrets) or None
        way = column_lineage_dataset.Transformation(edge.kind, edge.subtype, told)
        known = ways.setdefault((edge.source.table, edge.source.name), [])
        if way not in known:
            known.append(way)
    found = []
    for (table, column), transformations in ways.items():
        name = naming.table(table)
        found.append(
            column_lineage_dataset.InputField(name.namespace, name.name, column, transformations)
        )
    return found

"""DatabaseSource: tables of an application database become `raw/<source>/<table>`."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Annotated

import dagster as dg
from pydantic import Field

from platform_assets.components import source_results
from platform_assets.components.scaffold import DatabaseSourceScaffolder
from platform_assets.components.source_fields import SourceFields, dump, raw_spec
from platform_assets.ingestion import database
from platform_assets.ingestion.declaration import (
    DatabaseDeclaration,
    TableDeclaration,
)
from platform_assets.pools import database_pool
from resources.settings import settings
from resources.warehouse import Warehouse


@dg.scaffold_with(DatabaseSourceScaffolder)
class DatabaseSource(SourceFields):
    """Tables of one application database, each a raw table of its own.

    A table with a `cursor` is read incrementally; one without is a full snapshot.
    """

    url: Annotated[
        str,
        Field(description="SQLAlchemy URL; `{{ env.NAME }}` keeps a password out of the file."),
    ]
    tables: Annotated[Sequence[TableDeclaration], Field(min_length=1)]

    @classmethod
    def get_additional_scope(cls) -> dict[str, str]:
        """Return what the YAML may refer to: `{{ sample_dir }}` and `{{ data_dir }}`."""
        data = settings().data
        return {"sample_dir": str(data / "sample"), "data_dir": str(data)}

    def asset_keys(self) -> dict[str, dg.AssetKey]:
        """Return the raw asset of every table."""
        prefix = ["raw", self.name or ""]
        return {t.name: dg.AssetKey([*prefix, t.name.replace(".", "__")]) for t in self.tables}

    def raw_tables(self) -> tuple[str, ...]:
        """Return the raw table of every table."""
        declaration = self.declaration()
        return tuple(database.raw_table(declaration, table) for table in self.tables)

    def declaration(self) -> DatabaseDeclaration:
        """Return what the ingestion room needs to know."""
        return DatabaseDeclaration(
            name=self.name or "",
            url=self.url,
            tables=self.tables,
            new_columns=self.new_columns,
            quarantine=self.quarantine,
        )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return one raw asset for every table, each with its checks."""
        declaration = self.declaration()
        assets = [self._asset(context, declaration, table) for table in declaration.tables]
        return dg.Definitions(assets=assets)

    def _asset(
        self,
        context: dg.ComponentLoadContext,
        declaration: DatabaseDeclaration,
        table: TableDeclaration,
    ) -> dg.AssetsDefinition:
        raw_table = database.raw_table(declaration, table)
        spec = raw_spec(
            self,
            context,
            key=self.asset_keys()[table.name].path,
            table=raw_table,
            kind="database",
            columns=table.columns,
            declaration={
                "kind": "table",
                "table": table.name,
                **dump(declaration.model_copy(update={"url": database.safe_url(self.url)})),
            },
            description=f"{table.description}\n\n{self.description}".strip(),
        )
        return _load_asset(declaration, table, raw_table, spec)


def _load_asset(
    declaration: DatabaseDeclaration, table: TableDeclaration, raw_table: str, spec: dg.AssetSpec
) -> dg.AssetsDefinition:
    """Return the asset that loads what is new in one table."""
    stale_after = source_results.allowed_age(spec)

    @dg.multi_asset(
        name=_op_name(raw_table),
        specs=[spec],
        check_specs=source_results.check_specs(spec.key),
        pool=database_pool(declaration.name),
    )
    def load(
        context: dg.AssetExecutionContext, warehouse: dg.ResourceParam[Warehouse]
    ) -> Iterator[dg.MaterializeResult[None]]:
        before = source_results.last_load(warehouse)
        fingerprint = database.probe(declaration, [table.name])[table.name]
        result = database.ingest_table(warehouse, declaration, table)
        yield source_results.materialization(
            context,
            warehouse,
            spec,
            raw_table,
            after_load=before,
            limits=declaration.quarantine,
            stale_after=stale_after,
            metadata={
                "rows_loaded": result.rows_loaded,
                "rows_quarantined": result.rows_quarantined,
                "cursor": result.cursor_to or "(full snapshot)",
                "source_fingerprint": fingerprint,
            },
        )

    return load


def _op_name(raw_table: str) -> str:
    """Return a name that Dagster takes for a step: a table's name may hold anything."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", raw_table)
    if plain == raw_table:
        return f"raw__{plain}"
    return f"raw__{plain}_{hashlib.sha256(raw_table.encode()).hexdigest()[:8]}"

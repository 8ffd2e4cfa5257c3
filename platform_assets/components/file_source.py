"""FileSource: files below the landing zone become `raw/<source>`, in about ten lines of YAML."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import dagster as dg
from pydantic import Field

from platform_assets.components import source_results
from platform_assets.components.scaffold import FileSourceScaffolder
from platform_assets.components.source_fields import SourceFields, dump, raw_spec
from platform_assets.ingestion import files
from platform_assets.ingestion.declaration import (
    Column,
    FileDeclaration,
    FileFormat,
)
from platform_assets.pools import engine_pool
from resources.landing import Landing, spans
from resources.settings import settings
from resources.warehouse import Warehouse


@dg.scaffold_with(FileSourceScaffolder)
class FileSource(SourceFields):
    """Files that land in a folder and together are one raw table.

    Every file is loaded exactly once, by content; bad records go to `platform.quarantine`.
    """

    glob: Annotated[
        str,
        Field(description="Files below the landing zone, e.g. `orders/**/*.csv.gz`."),
    ]
    format: Annotated[FileFormat, Field(description="type and, where detection errs, details.")]
    columns: Annotated[
        Sequence[Column],
        Field(description="Columns you vouch for; others load as text."),
    ] = ()
    natural_key: Annotated[
        Sequence[str],
        Field(description="Columns that identify a record across deliveries."),
    ] = ()
    event_time: Annotated[
        str | None,
        Field(description="Column with the time of the event: data freshness."),
    ] = None
    row_limit: Annotated[
        int | None,
        Field(description="Records at which the sender cuts a file: such files are reported."),
    ] = None

    even: Annotated[
        bool,
        Field(description="Whether files are about equally large; `volume` warns if not."),
    ] = True

    @property
    def asset_key(self) -> dg.AssetKey:
        """The key of the raw table."""
        return dg.AssetKey(["raw", self.name or ""])

    def raw_tables(self) -> tuple[str, ...]:
        """Return the one raw table that the source makes."""
        return (self.name or "",)

    def declaration(self) -> FileDeclaration:
        """Return what the ingestion room needs to know."""
        return FileDeclaration(
            name=self.name or "",
            glob=self.glob,
            format=self.format,
            columns=self.columns,
            natural_key=self.natural_key,
            new_columns=self.new_columns,
            event_time=self.event_time,
            row_limit=self.row_limit,
            quarantine=self.quarantine,
        )

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """Return the raw asset with its checks."""
        declaration = self.declaration()
        spec = raw_spec(
            self,
            context,
            key=self.asset_key.path,
            table=declaration.name,
            kind="file",
            columns=declaration.columns,
            declaration={"kind": "files", **dump(declaration)},
        )
        return dg.Definitions(assets=[_asset(declaration, spec, self.even)])


def _asset(declaration: FileDeclaration, spec: dg.AssetSpec, even: bool) -> dg.AssetsDefinition:
    """Return the asset that loads what has landed since the last time."""
    stale_after = source_results.allowed_age(spec)

    @dg.multi_asset(
        name=f"raw__{declaration.name}",
        specs=[spec],
        check_specs=source_results.check_specs(spec.key),
        pool=engine_pool(),
    )
    def load(
        context: dg.AssetExecutionContext,
        warehouse: dg.ResourceParam[Warehouse],
        landing: dg.ResourceParam[Landing],
    ) -> Iterator[dg.MaterializeResult[None]]:
        before = source_results.last_load(warehouse)
        where = spans.load(context.run.tags, declaration.name)
        found = files.pending(warehouse, landing, declaration, where)
        stable = landing.stable(found, settings().stable_seconds)
        context.log.info(f"{len(stable)} new files of {declaration.glob}")
        result = files.ingest(warehouse, landing, declaration, files=stable)
        yield source_results.materialization(
            context,
            warehouse,
            spec,
            declaration.name,
            after_load=before,
            limits=declaration.quarantine,
            stale_after=stale_after,
            metadata={
                "files": result.files,
                "rows_loaded": result.rows_loaded,
                "rows_quarantined": result.rows_quarantined,
                "duplicate_files": result.duplicates,
                "unreadable_files": result.refused,
                "cut_files": result.cut,
            },
            even=even,
        )

    return load

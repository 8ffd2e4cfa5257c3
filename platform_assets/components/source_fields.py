"""What the two kinds of source declare alike, and the assets' common metadata.

What belongs here: fields, their check and their place in the catalog. What does not: reading
files (`file_source`) or tables (`database_source`).
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import dagster as dg
from pydantic import BaseModel, Field, PrivateAttr

from platform_assets.ingestion.declaration import Column, NewColumns, QuarantineLimits
from platform_assets.policy import Claim, Freshness, line_of, stamp
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT

# What the platform adds to every raw table, with the meaning that the catalog shows.
PLATFORM_COLUMNS = (
    (
        "_file",
        "string",
        "Where the row came from: a path below the landing zone, or a table.",
    ),
    (
        "_line",
        "integer",
        "Line (or record) of the file, from 1; empty for database tables.",
    ),
    (
        "_load_id",
        "integer",
        "Number of the load that brought the row; grows with every load.",
    ),
    ("_loaded_at", "timestamp", "Time of that load, UTC."),
    (
        "_extra",
        "string",
        "Values of undeclared columns as JSON, where new columns are frozen.",
    ),
)


class SourceFields(dg.Component, dg.Model, dg.Resolvable):
    """Fields of every source."""

    owner: Annotated[
        str,
        Field(description="Who answers for the data: an e-mail address or `team:<name>`."),
    ]
    description: Annotated[
        str,
        Field(min_length=1, description="One row per what; from when; what to beware of."),
    ]
    freshness: Annotated[Freshness, Field(description="How old the last load may become.")]
    domain: Annotated[str, Field(description="web, marketing, commerce, …: the asset's group.")]
    name: Annotated[str | None, Field(description="Name of the source; default: its folder.")] = (
        None
    )
    tags: Annotated[dict[str, str] | None, Field(description="Further tags.")] = None
    new_columns: Annotated[
        NewColumns,
        Field(description="evolve: add it; freeze: keep it in `_extra`; reject: quarantine."),
    ] = NewColumns.evolve
    quarantine: Annotated[
        QuarantineLimits,
        Field(description="Shares of bad records that warn and that fail, and of how many."),
    ] = QuarantineLimits()

    _file: Path = PrivateAttr(default_factory=Path)

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> Self:
        """Load the component from its YAML; a source without a name has that of its folder.

        Raises:
            PlatformError: it names an environment variable that is not set.
        """
        file = declaration_file(context)
        _require_secrets(file)
        source = super().load(attributes, context)
        if source.name is None:
            source.name = Path(context.path).name
        source._file = file
        return source

    def raw_tables(self) -> tuple[str, ...]:
        """Return the raw tables that the source makes."""
        raise TypeError(f"{type(self).__name__} does not say which tables it makes")

    def claim(self) -> Claim:
        """Return what the source claims for itself: no other may."""
        return Claim(self._file, self.raw_tables())


def declaration_file(context: dg.ComponentLoadContext) -> Path:
    """Return the `defs.yaml` that is being loaded."""
    path = Path(context.path)
    return path / "defs.yaml" if path.is_dir() else path


def _require_secrets(file: Path) -> None:
    """Make sure that what `{{ env.NAME }}` stands for is set: Dagster takes it for nothing."""
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        code = line.partition(" #")[0]
        for name in re.findall(r"\{\{\s*env\.(\w+)\s*\}\}", code):
            if name not in os.environ and not code.lstrip().startswith("#"):
                raise PlatformError(
                    f"{file}:{number}: the environment variable {name} is not set.",
                    hint=f"Set {name} in the environment, or write {name}=… into "
                    f"{PROJECT_ROOT / '.env'}.",
                )


def catalog_columns(columns: Sequence[Column]) -> list[dg.TableColumn]:
    """Return the declared columns and the platform's own, as the catalog shows them."""
    declared = [
        dg.TableColumn(
            name=c.name,
            type=c.type,
            description=c.description or None,
            constraints=dg.TableColumnConstraints(nullable=not c.required),
            tags=_personal(c),
        )
        for c in columns
    ]
    own = [
        dg.TableColumn(name=name, type=type_, description=text)
        for name, type_, text in PLATFORM_COLUMNS
    ]
    return declared + own


def _personal(column: Column) -> dict[str, str]:
    """Return the tag of a column that holds personal data: `true`, or the paths in it that are."""
    if isinstance(column.personal, list):
        return {"personal": ", ".join(column.personal)} if column.personal else {}
    return {"personal": "true"} if column.personal else {}


def raw_spec(
    fields: SourceFields,
    context: dg.ComponentLoadContext,
    *,
    key: Sequence[str],
    table: str,
    kind: str,
    columns: Sequence[Column],
    declaration: dict[str, Any],
    description: str | None = None,
) -> dg.AssetSpec:
    """Return the stamped spec of one raw table."""
    file = declaration_file(context)
    return stamp(
        dg.AssetSpec(key=list(key), description=description or fields.description),
        layer="raw",
        domain=fields.domain,
        kinds={kind, "ducklake"},
        table=f"lake.raw.{table}",
        file=file,
        line=line_of(file, r"^type:"),
        owners=[fields.owner],
        freshness=fields.freshness.policy(),
        columns=catalog_columns(columns),
        metadata={
            "source": dg.MetadataValue.json(declaration),
            "personal data": ", ".join(c.name for c in columns if c.personal) or "none declared",
        },
    ).merge_attributes(tags=fields.tags or {})


def dump(declaration: Any) -> dict[str, Any]:
    """Return a declaration as JSON values, without what is not set."""
    dumped: dict[str, Any] = declaration.model_dump(mode="json", exclude_none=True)
    return dumped

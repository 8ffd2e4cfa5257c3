"""A landing zone and a lake of one's own, for tests of file ingestion."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import obstore
import orjson
import pytest

from platform_assets.ingestion import files
from platform_assets.ingestion.declaration import Column, FileDeclaration, FileFormat
from platform_assets.ingestion.files import IngestResult
from resources.landing import Landing
from resources.object_store import store
from resources.warehouse import Warehouse
from resources.warehouse.connection import identifier

# Marks a test that holds for a landing zone of every kind, and for a team's lake as for one's own.
everywhere = pytest.mark.parametrize("zone", ["folder", "bucket", "team"], indirect=True)
LAKE = "lake.url"  # a file that says where the lake is, for processes that are given the folder


def column(name: str, type_: str = "string", required: bool = False) -> Column:
    """Return a declared column."""
    return Column(name=name, type=type_, required=required)


def lines(*records: object) -> bytes:
    """Return records as newline-delimited JSON."""
    return b"".join(orjson.dumps(record) + b"\n" for record in records)


def source(format_: str = "ndjson", columns: Sequence[Column] = (), **said: Any) -> FileDeclaration:
    """Return the declaration of source `events`; what `FileFormat` knows goes to the format."""
    reading = {k: said.pop(k) for k in list(said) if k in FileFormat.model_fields}
    return FileDeclaration(
        name=said.pop("name", "events"),
        glob=said.pop("glob", "**/*"),
        format=FileFormat(type=format_, **reading),
        columns=columns,
        **said,
    )


@dataclass
class Zone:
    """A landing zone, a lake, and short ways to look at both."""

    folder: Path
    memory_limit: str = "1GB"
    _warehouse: Warehouse | None = field(default=None, repr=False)

    @property
    def warehouse(self) -> Warehouse:
        """The lake, the same object for the length of a test."""
        if self._warehouse is None:
            said = self.folder / LAKE
            url = said.read_text() if said.exists() else f"ducklake:///{self.folder / 'lake'}"
            self._warehouse = Warehouse(url, self.memory_limit, threads=2)
        return self._warehouse

    @property
    def landing(self) -> Landing:
        """The landing zone."""
        (self.folder / "landing").mkdir(exist_ok=True)
        return Landing(str(self.folder / "landing"))

    def land(self, path: str, content: bytes) -> Any:
        """Write a file as a careful sender does: under a temporary name, then renamed."""
        target = self.folder / "landing" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.parent / ".part"
        part.write_bytes(content)
        os.replace(part, target)
        return target

    def remove(self, path: str) -> None:
        """Take a file away."""
        (self.folder / "landing" / path).unlink()

    def load(self, declaration: FileDeclaration, **how: Any) -> IngestResult:
        """Load what is pending."""
        return files.ingest(self.warehouse, self.landing, declaration, **how)

    def pending(self, declaration: FileDeclaration) -> list[str]:
        """Return the paths of what is pending."""
        return [f.path for f in files.pending(self.warehouse, self.landing, declaration)]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.warehouse.reading() as connection:
            return connection.execute(sql).fetchall()

    def rows(self, columns: str = "* EXCLUDE (_load_id, _loaded_at)") -> list[tuple[Any, ...]]:
        """Return the rows of `raw.events` by file and line."""
        return self.query(f"SELECT {columns} FROM raw.events ORDER BY _file, _line")

    def dicts(self) -> list[dict[str, Any]]:
        """Return the rows of `raw.events` without the platform's columns, empty ones left out."""
        names = list(self.types())
        chosen = ", ".join(identifier(name) for name in names) or "1"
        return [
            {k: v for k, v in zip(names, row, strict=False) if v is not None}
            for row in self.rows(chosen)
        ]

    def types(self) -> dict[str, str]:
        """Return the source's columns of `raw.events` and their types."""
        return {
            row[0]: row[1]
            for row in self.query("DESCRIBE raw.events")
            if row[0] not in ("_file", "_line", "_load_id", "_loaded_at", "_extra")
        }

    def quarantine(self) -> list[tuple[Any, ...]]:
        """Return file, line, reason and text of what is in quarantine."""
        return self.query(
            "SELECT file, line, reason, raw FROM platform.quarantine ORDER BY file, line"
        )

    def ledger(
        self, columns: str = "file, status, rows_in_file, rows_loaded, rows_quarantined"
    ) -> list[tuple[Any, ...]]:
        """Return the ledger in the order of loads."""
        return self.query(f"SELECT {columns} FROM platform.ledger ORDER BY load_id, file")

    def drift(self) -> list[tuple[Any, ...]]:
        """Return file, column, change, before and after of every recorded drift."""
        return self.query(
            "SELECT file, column_name, change, before, after FROM platform.drift "
            "ORDER BY load_id, column_name, change"
        )

    def accounted(self) -> None:
        """Assert that the ledger, the raw table and the quarantine tell the same story."""
        found = self.query(
            "SELECT file, status, rows_in_file, rows_loaded, rows_quarantined, load_id, "
            "(SELECT count(*) FROM raw.events e WHERE e._file = l.file "
            "AND e._load_id = l.load_id), "
            "(SELECT count(*) FROM platform.quarantine q WHERE q.file = l.file "
            "AND q.load_id = l.load_id AND q.line IS NOT NULL) FROM platform.ledger l"
        )
        for file, status, read, loaded, refused, load, there, kept in found:
            assert read == loaded + refused, (file, status, read, loaded, refused)
            assert (there, kept) == (loaded, refused), (file, status, load)


@dataclass
class BucketZone(Zone):
    """The same with a landing zone in a bucket.

    Attributes:
        url: the landing zone, `s3://bucket/prefix`; the settings of this process know its store.
    """

    url: str = ""
    _landing: Landing | None = field(default=None, repr=False)

    @property
    def landing(self) -> Landing:
        """The landing zone, the same object for the length of a test."""
        if self._landing is None:
            self._landing = Landing(self.url)
        return self._landing

    def land(self, path: str, content: bytes) -> None:
        """Put an object."""
        obstore.put(store(self.url), path, content)

    def remove(self, path: str) -> None:
        """Delete an object."""
        obstore.delete(store(self.url), path)

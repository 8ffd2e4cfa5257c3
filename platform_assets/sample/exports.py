"""Weekly CSV exports that overlap, and what is wrong with some of them.

What belongs here: windows, the text of a CSV file, planted dirt, and which record is the latest
of its natural key. What does not: the figures themselves (`ads`, `support`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from platform_assets.sample.files import Folder, csv_bytes
from platform_assets.sample.manifest import SourcePlanted

WINDOW_DAYS = 14
EXPORT_WEEKDAY = 0  # Monday
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Spoil:
    """One planned fault in the export of a number: a bad record, or a column that changes."""

    export: int  # 0 is the first one; record faults come again every eight exports
    kind: str  # bad_cast, wrong_field_count, invalid_utf8, required_missing, vanish, appear
    column: str = ""
    value: str = ""

    def hits(self, number: int) -> bool:
        """Return whether the export of this number shows the fault."""
        if self.kind == "appear":
            return number >= self.export
        if self.kind == "vanish":
            return number == self.export
        return number % 8 == self.export


@dataclass(frozen=True, slots=True)
class Layout:
    """How a service writes its files."""

    file: str  # path below the landing zone, with {day}
    columns: tuple[str, ...]
    key: tuple[str, ...]
    encoding: str
    delimiter: str
    spoils: tuple[Spoil, ...]
    byte_order_mark: bool = False


@dataclass(slots=True)
class ExportDelivery:
    """Delivers the exports of one service and remembers the latest good record of each key."""

    layout: Layout
    folder: Folder
    planted: SourcePlanted
    seed: int
    latest: dict[tuple[object, ...], Row] = field(default_factory=dict)
    number: int = 0

    def deliver(self, day: date, rows: list[Row], restated: Callable[[Row], bool]) -> None:
        """Write the export of a day, if there is anything; faults fall on `restated` rows.

        Those are in the next export too, so that nothing is lost by them.
        """
        if not rows:
            return
        rng = Random(f"{self.seed}/{self.layout.file}/{day}")
        spoils = [spoil for spoil in self.layout.spoils if spoil.hits(self.number)]
        columns = self._columns(spoils)
        bad = self._choose(spoils, rows, restated, rng)
        lines = csv_bytes(
            columns,
            (self._fields(row, columns, bad.get(i)) for i, row in enumerate(rows)),
            self.layout.delimiter,
            self.layout.encoding,
        )
        mark = b"\xef\xbb\xbf" if self.layout.byte_order_mark else b""
        data = mark + b"".join(lines).replace("\ufffd".encode(), b"\xff\xfe")
        self.folder.write(self.layout.file.format(day=day.isoformat()), data)
        self._count(rows, columns, bad)
        self._whole_files(day, data)
        self.number += 1

    def _columns(self, spoils: list[Spoil]) -> list[str]:
        """Return the header of this export and note what differs from the usual one."""
        gone = {spoil.column for spoil in spoils if spoil.kind == "vanish"}
        new = [spoil.column for spoil in spoils if spoil.kind == "appear"]
        for change in [f"-{column}" for column in sorted(gone)] + [f"+{column}" for column in new]:
            if change not in self.planted.drift:
                self.planted.drift.append(change)
        return [column for column in self.layout.columns if column not in gone] + new

    def _choose(
        self,
        spoils: list[Spoil],
        rows: list[Row],
        restated: Callable[[Row], bool],
        rng: Random,
    ) -> dict[int, Spoil]:
        """Return which rows (by number) are spoiled and how."""
        free = [i for i, row in enumerate(rows) if restated(row)]
        rng.shuffle(free)
        faults = [spoil for spoil in spoils if spoil.kind not in ("vanish", "appear")]
        return dict(zip(free, faults, strict=False))

    def _fields(self, row: Row, columns: list[str], spoil: Spoil | None) -> list[object]:
        """Return the values of one record as they stand in the file."""
        values = [row[column] for column in columns]
        if spoil is None:
            return values
        if spoil.kind == "wrong_field_count":
            return values[:-2] if spoil.value == "short" else [*values, "", "total"]
        if spoil.kind == "invalid_utf8":
            values[columns.index(spoil.column)] = f"{row[spoil.column]}\ufffd"
        else:
            values[columns.index(spoil.column)] = spoil.value
        return values

    def _count(self, rows: list[Row], columns: list[str], bad: dict[int, Spoil]) -> None:
        """Count records and keep the latest of each key; a vanished column is None there."""
        planted = self.planted
        for spoil in bad.values():
            planted.reject_record(spoil.kind)
        planted.close_file(len(rows) - len(bad), len(bad))
        for i, row in enumerate(rows):
            if i in bad:
                continue
            key = tuple(row[column] for column in self.layout.key)
            planted.duplicates_across_files += key in self.latest
            self.latest[key] = {c: row[c] if c in columns else None for c in row}
        planted.distinct = len(self.latest)

    def _whole_files(self, day: date, data: bytes) -> None:
        """Deliver one export twice, and leave an empty file after another."""
        name = self.layout.file.format(day=day.isoformat())
        if self.number == 1:
            self.folder.write(name.replace(".csv", "-copy.csv"), data)
            self.planted.files += 1
            self.planted.files_duplicate += 1
        elif self.number == 2:
            self.folder.write(name.replace(".csv", "-attempt1.csv"), b"")
            self.planted.reject_file("empty")


def window(day: date, start: date) -> list[date]:
    """Return the days that an export of `day` covers: 14 before it, none before `start`."""
    days = (day - timedelta(days=back) for back in range(WINDOW_DAYS, 0, -1))
    return [covered for covered in days if covered >= start]

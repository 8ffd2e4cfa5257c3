"""Event files in the landing zone, with the dirt that deliveries have.

What belongs here: which events share a file, and what goes wrong on the way: duplicates, late
and torn lines, broken files. Nothing real is lost: every spoiled line or file is a copy, the
original is delivered too. What does not: CSV exports (`exports`) and the log (`access_log`).
"""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from platform_assets.sample.clock import DAY_MS, HOUR_MS, day_text, iso
from platform_assets.sample.files import Folder, compress
from platform_assets.sample.manifest import EventsPlanted
from platform_assets.sample.people import uuid
from platform_assets.sample.tape import WEB, Record

AGAIN_WITHIN = 0.004  # share of events that are in their file twice
AGAIN_LATER = 0.003  # share that the next file brings again
SHUFFLED = 0.01  # share of lines that are some places too late in their file
SLOTS = {"web_events": 4, "app_events": 2}  # files a day
DIRT_CYCLE = 12  # days after which the same kinds of dirt come again


class Entry(NamedTuple):
    """One line of a file; `time` is None and `reason` set when it is to be quarantined."""

    line: bytes
    time: int | None
    label: str = ""
    reason: str = ""


def _fresh(line: bytes, rng: Random) -> bytes:
    """Return a copy of an event's line with a message id of its own."""
    return b'{"messageId":"' + uuid(rng).encode() + line[50:]


def _bad_time(line: bytes) -> bytes:
    """Return a copy whose timestamp is no time."""
    at = line.index(b'"timestamp":"') + len(b'"timestamp":"')
    return line[:at] + b"yesterday" + line[line.index(b'"', at) :]


def _bad_bytes(line: bytes) -> bytes:
    """Return a copy with bytes that are not UTF-8."""
    at = line.index(b'"anonymousId":"') + len(b'"anonymousId":"')
    return line[:at] + b"\xff\xfe" + line[at:]


def _bad_lines(day_index: int, source: str, line: bytes, rng: Random) -> list[tuple[bytes, str]]:
    """Return the bad lines planned for a day, made from a good line, each with its reason."""
    phase = (day_index + (0 if source == WEB else 6)) % DIRT_CYCLE
    copy = _fresh(line, rng)
    plans: dict[int, Callable[[], list[tuple[bytes, str]]]] = {
        3: lambda: [
            (
                copy[: len(copy) // 2] + b"'" + copy[len(copy) // 2 :] + b"}",
                "invalid_json",
            ),
            (copy[:-1] + b",}", "invalid_json"),
        ],
        4: lambda: [(text, "not_an_object") for text in (b"[1, 2, 3]", b'"ping"', b"42")],
        6: lambda: [(_bad_bytes(copy), "invalid_utf8")],
        7: lambda: [(_bad_time(copy), "bad_cast")],
        8: lambda: [(b"{" + copy[52:], "required_missing")],
        11: lambda: [(copy[:-1] + b',"score":NaN}', "invalid_json")],
    }
    return plans[phase]() if phase in plans else []


class EventDelivery:
    """Delivers the events of one source, day by day."""

    def __init__(self, source: str, folder: Folder, planted: EventsPlanted, seed: int) -> None:
        """Write below `folder` and count into `planted`."""
        self.source, self.folder, self.planted, self.seed = (
            source,
            folder,
            planted,
            seed,
        )
        self._again: list[Record] = []  # to be repeated by the next file

    def deliver_day(self, day_number: int, day_index: int, records: list[Record]) -> None:
        """Write the files of one day from its records in order of arrival."""
        hours = 24 // SLOTS[self.source]
        slots: list[list[Record]] = [[] for _ in range(SLOTS[self.source])]
        for record in records:
            slots[record.received % DAY_MS // (hours * HOUR_MS)].append(record)
        for slot, part in enumerate(slots):
            if part:
                hour = (slot + 1) * hours
                stem = f"{self.source}/date={day_text(day_number)}/events-{hour:02}00"
                self._file(stem, day_index, slot, part, Random(f"{self.seed}/{stem}"))

    def _file(
        self, stem: str, day_index: int, slot: int, records: list[Record], rng: Random
    ) -> None:
        """Write one file, and what goes wrong with it."""
        entries = self._spoil(self._arrange(records, rng), day_index, slot, rng)
        torn = self._phase(day_index) == 2 and slot == 1 and len(records[-1].line) > 100
        body = b"\n".join(entry.line for entry in entries) + b"\n"
        if torn:
            body += records[-1].line[: len(records[-1].line) * 3 // 5]
            self.planted.reject_record("torn_last_line")
        bad = sum(1 for entry in entries if entry.reason)
        self._count(records, entries)
        self.planted.close_file(len(entries) - bad, bad + torn)
        data = compress(body)
        self.folder.write(f"{stem}.ndjson.gz", data)
        self._spoil_file(stem, data, day_index, slot)

    def _phase(self, day_index: int) -> int:
        """Return the day's place in the cycle of dirt; the app's dirt comes six days later."""
        return (day_index + (0 if self.source == WEB else 6)) % DIRT_CYCLE

    def _arrange(self, records: list[Record], rng: Random) -> list[Entry]:
        """Put the records into the order of the file, with copies of some."""
        count = len(records)
        placed: list[tuple[float, int, Entry]] = []
        again, self._again = self._again, []
        for position, record in enumerate(records):
            entry = Entry(record.line, record.time, record.label)
            share = rng.random()
            late = rng.random() * 30 if share > 1 - SHUFFLED else 0.0
            placed.append((position + late, len(placed), entry))
            if share < AGAIN_WITHIN:
                at = position + 0.5 + rng.random() * (count - position)
                placed.append((at, len(placed), entry))
                self.planted.duplicates_within_file += 1
            elif share < AGAIN_WITHIN + AGAIN_LATER:
                self._again.append(record)
        for record in again:
            line = record.line
            if rng.random() < 0.5:  # the server has stamped it once more
                now = iso(max(records[0].received, record.received)).encode()
                line = line.replace(
                    iso(record.received).encode() + b'","context', now + b'","context'
                )
            entry = Entry(line, record.time, record.label)
            placed.append((rng.random() * count, len(placed), entry))
            self.planted.duplicates_across_files += 1
        return [entry for _, _, entry in sorted(placed, key=lambda item: item[:2])]

    def _spoil(self, entries: list[Entry], day_index: int, slot: int, rng: Random) -> list[Entry]:
        """Plant the bad lines of the day into its second file."""
        if slot != 1:
            return entries
        model = rng.choice(entries).line
        for line, reason in _bad_lines(day_index, self.source, model, rng):
            entries.insert(rng.randrange(len(entries)), Entry(line, None, reason=reason))
            self.planted.reject_record(reason)
        return entries

    def _count(self, records: list[Record], entries: list[Entry]) -> None:
        """Count what a file brings for the first time, and the order of its lines."""
        planted = self.planted
        planted.distinct += len(records)
        planted.late += sum(1 for r in records if r.received - r.time >= DAY_MS)
        planted.add_counts(Counter(record.label for record in records))
        self._note_drift(records)
        newest = -1
        for entry in entries:
            if entry.time is None:
                continue
            planted.out_of_order += entry.time < newest
            newest = max(newest, entry.time)
        first, last = iso(min(r.time for r in records)), iso(newest)
        planted.first_event_at = min(planted.first_event_at or first, first)
        planted.last_event_at = max(planted.last_event_at or last, last)

    def _note_drift(self, records: list[Record]) -> None:
        """Note the newer top-level keys as soon as they land."""
        for key in ("consent", "sessionNumber"):
            if f"+{key}" not in self.planted.drift and f'"{key}":'.encode() in records[-1].line:
                self.planted.drift.append(f"+{key}")

    def _spoil_file(self, stem: str, data: bytes, day_index: int, slot: int) -> None:
        """Deliver a file twice, or leave a broken or empty first attempt beside it."""
        phase = self._phase(day_index)
        if phase == 5 and slot == 0:
            self.folder.write(f"{stem}-retry.ndjson.gz", data)
            self.planted.files += 1
            self.planted.files_duplicate += 1
        elif phase == 9 and slot == 1:
            self.folder.write(f"{stem}-attempt1.ndjson.gz", data[: len(data) * 3 // 5])
            self.planted.reject_file("truncated_gzip")
        elif phase == 10 and slot == 0:
            self.folder.write(f"{stem}-attempt1.ndjson.gz", b"")
            self.planted.reject_file("empty")

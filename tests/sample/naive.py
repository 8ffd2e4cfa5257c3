"""Readers of the sample's files that know nothing of how they are made."""

import gzip
import hashlib
import json
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass
class Found:
    """What a naive reader finds in a source's files."""

    files: int = 0
    duplicate_files: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    records: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    good: list[tuple[str, int, dict[str, Any]]] = field(default_factory=list)  # file, line, event
    worst_share: float = 0.0


def when(text: str) -> datetime:
    """Return an ISO time."""
    return datetime.fromisoformat(text)


def distinct_files(files: list[Path], found: Found) -> list[tuple[Path, bytes]]:
    """Return the readable files once per content, decompressed, and count the others."""
    seen: set[str] = set()
    out = []
    for path in sorted(files):
        raw = path.read_bytes()
        found.files += 1
        digest = hashlib.sha256(raw).hexdigest()
        if raw and digest in seen:
            found.duplicate_files += 1
            continue
        seen.add(digest)
        if not raw:
            found.rejected["empty"] += 1
            continue
        try:
            out.append((path, gzip.decompress(raw) if path.suffix == ".gz" else raw))
        except (EOFError, zlib.error):
            found.rejected["truncated_gzip"] += 1
    return out


def _no_constant(name: str) -> None:
    raise ValueError(name)


def classify(line: bytes, torn: bool) -> tuple[str, dict[str, Any]]:
    """Return why an event's line is bad (or nothing), and the event."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return "invalid_utf8", {}
    try:
        event = json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return ("torn_last_line" if torn else "invalid_json"), {}
    if not isinstance(event, dict):
        return "not_an_object", {}
    if any(not event.get(key) for key in ("messageId", "type", "anonymousId", "timestamp")):
        return "required_missing", {}
    try:
        for key in ("timestamp", "originalTimestamp", "sentAt", "receivedAt"):
            when(event[key])
    except ValueError:
        return "bad_cast", {}
    return "", event


def read_events(folder: Path) -> Found:
    """Read all event files below a folder."""
    found = Found()
    for path, body in distinct_files(list(folder.rglob("*.ndjson.gz")), found):
        lines = body.split(b"\n")
        torn = lines[-1] != b""
        lines = lines if torn else lines[:-1]
        bad = 0
        for number, line in enumerate(lines, 1):
            reason, event = classify(line, torn and number == len(lines))
            found.records += 1
            if reason:
                bad += 1
                found.bad[reason] += 1
            else:
                found.good.append((path.name + path.parent.name, number, event))
        found.worst_share = max(found.worst_share, bad / len(lines))
    return found


def first_deliveries(found: Found) -> dict[str, dict[str, Any]]:
    """Return each event once, as it was received first."""
    events: dict[str, dict[str, Any]] = {}
    for _, _, event in found.good:
        known = events.get(event["messageId"])
        if known is None or event["receivedAt"] < known["receivedAt"]:
            events[event["messageId"]] = event
    return events

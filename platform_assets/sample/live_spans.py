"""Which spans of time have landed live: kept in `follow.json` beside the shop's database.

What belongs here: that file. What does not: live data itself (`follow`).
"""

import json
from pathlib import Path

from platform_assets.sample.clock import iso
from platform_assets.sample.files import Folder
from platform_assets.sample.tape import Spans

FILE = "follow.json"


def read_spans(folder: Path) -> list[tuple[int, int]]:
    """Return the spans in epoch milliseconds, oldest first; none where there is no file.

    Raises ValueError when the file cannot be read as one: guessing would land data twice.
    """
    path = folder / FILE
    try:
        text = path.read_text()
    except FileNotFoundError:
        return []
    try:
        return [(int(span["after"]), int(span["until"])) for span in json.loads(text)]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged ({error}); restore it, or start over.") from error


def write_spans(folder: Path, spans: Spans) -> None:
    """Keep the spans."""
    rows = [
        {"after": begin, "until": until, "text": f"{iso(begin)} to {iso(until)}"}
        for begin, until in spans
    ]
    Folder(folder).write(FILE, json.dumps(rows, indent=1).encode())

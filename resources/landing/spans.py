"""Where a look found new files, as a tag of the run that loads them.

A run on another machine lists what the sensor saw, and not all of an object store. Without the tag,
or for a source that it does not name, a run lists everything.
"""

import json
from collections.abc import Mapping, Sequence

from resources.landing.cursor import Span

TAG = "platform/landed"
LONGEST = 8_000  # characters of the tag; a run lists all of a source that does not fit


def dump(spans: Mapping[str, Sequence[Span]]) -> dict[str, str]:
    """Return the tag of a run that loads these sources; none if there is nothing to say."""
    said: dict[str, list[tuple[str, int]]] = {}
    for source, each in sorted(spans.items()):
        told = said | {source: [(span.after, span.count) for span in each]}
        if len(json.dumps(told)) <= LONGEST:
            said = told
    return {TAG: json.dumps(said)} if said else {}


def load(tags: Mapping[str, str], source: str) -> list[Span] | None:
    """Return where a run is to look for a source's files; None for everywhere."""
    try:
        said = json.loads(tags.get(TAG, "{}")).get(source)
        return [Span(str(after), int(count)) for after, count in said] if said else None
    except (ValueError, TypeError, AttributeError):
        return None

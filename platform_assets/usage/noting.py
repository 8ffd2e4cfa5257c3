"""What an answer says of itself, for the record: how many results a search had.

What belongs here: the way from a handler to the recorder around it. What does not: what is made of
it (`visits`).
"""

from collections.abc import MutableMapping
from typing import Any

NOTED = "platform.usage"  # name in an ASGI scope


def note(scope: MutableMapping[str, Any], **facts: Any) -> None:
    """Add facts to what is recorded of a request; nothing happens where nothing is recorded."""
    noted = scope.get(NOTED)
    if noted is not None:
        noted.update(facts)

"""Links that rest: what they led to is gone, nobody mends them, and what was meant is still said.

What belongs here: how a field says so. What does not: which links lead nowhere (`links`), who lets
them rest (`store`).
"""

GONE = "gone: "  # with its space no key of an asset, as `search: ` is none


def resting(named: str) -> str:
    """Return what a field says of what it named, when that is gone; "" stays ""."""
    return named if not named or rests(named) else f"{GONE}{named}"


def rests(said: str) -> bool:
    """Whether a field names something that is gone, and is known to be."""
    return said.startswith(GONE)


def meant(said: str) -> str:
    """Return what a field names, whether that is gone or not."""
    return said.removeprefix(GONE)

"""The picture of a key result: its measurements over time, against where it should be.

What belongs here: scales and shapes, as SVG. What does not: colours (CSS classes `kr-…`, in
`static/demand.css`), how it stands (`progress`).
"""

from collections.abc import Sequence
from datetime import datetime

from platform_assets.product.kinds import KeyResult, Measurement


def draw(kr: KeyResult, measurements: Sequence[Measurement], now: datetime) -> str:
    """Return an `<svg>` element, with a title and a description for those who can't see it."""
    raise NotImplementedError

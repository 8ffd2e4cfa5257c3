"""The picture of a key result: its measurements over time, against where it should be.

What belongs here: scales and shapes, as SVG. What does not: colours (CSS classes `kr-…`, in
`static/records.css`), when it was measured and when not (`picture_parts`), how it stands
(`progress`).

The line has a gap where nothing was measured, hatched, and where the definition changed, with a
mark: what is not comparable is not joined.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape

from platform_assets.product.curated_kinds import KeyResult
from platform_assets.product.kinds import Measurement
from platform_assets.product.picture_parts import Stretch, gaps, lines
from platform_assets.product.progress import amount, breaks, day, term

WIDTH, HEIGHT = 900, 300  # in units of the drawing
LEFT, RIGHT, TOP, BOTTOM = 76, 20, 24, 34  # margins
MOST_DOTS = 60  # of a line's points; with more, the line alone is drawn
MOST_MONTHS = 8  # names below the picture
ROOM = 0.08  # of the height, above the highest and below the lowest value
LINE, WORD = 14, 70  # units that a label takes: its height, and its width with some room


@dataclass(frozen=True)
class _Scales:
    """From times and values to the drawing's units."""

    begin: datetime
    end: datetime
    low: float
    high: float

    @classmethod
    def of(cls, kr: KeyResult, ordered: Sequence[Measurement]) -> "_Scales":
        begin, end = term(kr)
        times = [m.at for m in ordered]
        values = [kr.baseline, kr.target, *(m.value for m in ordered if m.value is not None)]
        room = (max(values) - min(values) or abs(kr.target) or 1.0) * ROOM
        low, high = min(values) - room, max(values) + room
        return cls(min([begin, *times]), max([end, *times]), low, high)

    def x(self, moment: datetime) -> float:
        inside = min(max(moment, self.begin), self.end) - self.begin
        return round(LEFT + inside / (self.end - self.begin) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        share = (self.high - value) / (self.high - self.low)
        return round(TOP + share * (HEIGHT - TOP - BOTTOM), 1)


def draw(kr: KeyResult, measurements: Sequence[Measurement], now: datetime) -> str:
    """Return an `<svg>` element, with a title and a description for those who can't see it.

    Args:
        measurements: all of the key result, in any order.
        now: a moment with its zone.
    """
    ordered = sorted(measurements, key=lambda m: m.at)
    scales = _Scales.of(kr, ordered)
    until = min(now, scales.end)
    name = escape(kr.id, quote=True)
    body = [
        f'<title id="kr-{name}-title">{escape(kr.title)}</title>',
        f'<desc id="kr-{name}-desc">{escape(described(kr, ordered, until))}</desc>',
        f'<defs><pattern id="kr-{name}-hatch" width="8" height="8" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path class="kr-hatch" d="M0 0V8"/></pattern></defs>',
        *_grid(kr, scales),
        *_gaps(gaps(ordered, until), name, scales),
        *_aims(kr, scales),
        *_breaks(breaks(ordered), scales),
        *_lines(kr, ordered, scales),
    ]
    if scales.begin < now < scales.end:
        x = scales.x(now)
        body.append(f'<path class="kr-now" d="M{x} {TOP}V{HEIGHT - BOTTOM}"/>')
    return (
        f'<svg class="kr" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="kr-{name}-title kr-{name}-desc">{"".join(body)}</svg>'
    )


def described(kr: KeyResult, ordered: Sequence[Measurement], until: datetime) -> str:
    """Return in sentences what the picture shows.

    Args:
        ordered: measurements, oldest first.
        until: a last stretch without a value is seen as going on until then.
    """
    begin, end = term(kr)
    told = [
        f"From {amount(kr.baseline, kr.unit)} on {day(begin)} to {amount(kr.target, kr.unit)} "
        f"by {day(end)}."
    ]
    drawn = lines(ordered)
    if drawn:
        at, value = drawn[-1][-1]
        told.append(f"Newest value: {amount(value, kr.unit)} on {day(at)}.")
    else:
        told.append("Nothing was measured yet.")
    for gap in gaps(ordered, until):
        told.append(f"Not measured from {day(gap.begin)} to {day(gap.end)}.")
    told += [f"The definition changed on {day(each)}." for each in breaks(ordered)]
    return " ".join(told)


def _grid(kr: KeyResult, scales: _Scales) -> Iterator[str]:
    for value in _ticks(scales.low, scales.high):
        y = scales.y(value)
        yield f'<path class="kr-grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>'
        label = escape(amount(value, kr.unit if kr.unit == "%" else ""))
        yield f'<text class="kr-tick" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{label}</text>'
    for month in _months(scales.begin, scales.end):
        x = scales.x(month)
        yield f'<path class="kr-grid" d="M{x} {HEIGHT - BOTTOM}v5"/>'
        yield f'<text class="kr-tick" x="{x}" y="{HEIGHT - 10}">{month:%b %Y}</text>'


def _gaps(found: Sequence[Stretch], name: str, scales: _Scales) -> Iterator[str]:
    for gap in found:
        x = scales.x(gap.begin)
        width = round(max(scales.x(gap.end) - x, 2.0), 1)
        why = escape(f"Not measured, {day(gap.begin)} to {day(gap.end)}: {gap.reason}")
        yield (
            f'<rect class="kr-gap" x="{x}" y="{TOP}" width="{width}" '
            f'height="{HEIGHT - TOP - BOTTOM}" fill="url(#kr-{name}-hatch)">'
            f"<title>{why}</title></rect>"
        )


def _aims(kr: KeyResult, scales: _Scales) -> Iterator[str]:
    begin, end = term(kr)
    y = scales.y(kr.target)
    above = y - 6 if y - TOP > LINE else y + LINE
    yield (
        f'<path class="kr-expected" d="M{scales.x(begin)} {scales.y(kr.baseline)}'
        f'L{scales.x(end)} {y}"><title>Where it should be</title></path>'
    )
    yield f'<path class="kr-target" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>'
    label = escape(f"target {amount(kr.target, kr.unit)}")
    yield f'<text class="kr-aim" x="{LEFT + 4}" y="{round(above, 1)}">{label}</text>'


def _breaks(found: Sequence[datetime], scales: _Scales) -> Iterator[str]:
    named = -math.inf
    for moment in found:
        x = scales.x(moment)
        yield (
            f'<path class="kr-break" d="M{x} {TOP}V{HEIGHT - BOTTOM}">'
            f"<title>The definition changed on {day(moment)}</title></path>"
        )
        if x - named > WORD:
            named = x
            yield (
                f'<text class="kr-aim" x="{x}" y="{TOP - 8}" text-anchor="middle">redefined</text>'
            )


def _lines(kr: KeyResult, ordered: Sequence[Measurement], scales: _Scales) -> Iterator[str]:
    drawn = lines(ordered)
    dots = sum(map(len, drawn)) <= MOST_DOTS
    for line in drawn:
        places = {scales.x(at): scales.y(value) for at, value in line}  # the last of each place
        path = "L".join(f"{x} {y}" for x, y in places.items())
        yield f'<path class="kr-line" d="M{path}"/>'
        for at, value in line if dots else line[-1:]:
            said = escape(f"{amount(value, kr.unit)}, {day(at)}")
            yield (
                f'<circle class="kr-dot" cx="{scales.x(at)}" cy="{scales.y(value)}" r="3">'
                f"<title>{said}</title></circle>"
            )
    for at, value in drawn[-1][-1:] if drawn else ():
        x, y = scales.x(at), scales.y(value)
        side = 'text-anchor="end"' if x > WIDTH - RIGHT - WORD else ""
        away = -8 if side else 8
        yield (
            f'<text class="kr-value" x="{x + away:g}" y="{y - 8:g}" {side}>'
            f"{escape(amount(value, kr.unit))}</text>"
        )


def _ticks(low: float, high: float) -> list[float]:
    """Return three to six round numbers between `low` and `high`."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw)
    return [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _months(begin: datetime, end: datetime) -> list[datetime]:
    """Return the first days of months from `begin` to `end`, not too many."""
    found = []
    month = datetime(begin.year, begin.month, 1, tzinfo=UTC)
    while month <= end:
        if month >= begin - timedelta(days=1):
            found.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return found[:: max(1, math.ceil(len(found) / MOST_MONTHS))]

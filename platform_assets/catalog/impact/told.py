"""What a change touches, in words: one sentence for each difference, and who is hit.

What belongs here: the sentences, and the page for a terminal. What does not: Markdown (`markdown`).
"""

from collections.abc import Iterable

from platform_assets.catalog import plain_words
from platform_assets.catalog.impact.compare import (
    ADDED,
    FRESHNESS,
    MEANING,
    OWNER,
    PERSONAL,
    PROMISE,
    REMOVED,
    RETYPED,
    ROWS,
    Change,
    Hit,
    Impact,
)

COLUMNS = 6  # of a hit that are named
KINDS = {"report": "report", "source": "source"}


def headline(impact: Impact) -> str:
    """Return in a sentence what a change touches."""
    if not impact.changes:
        return "This changes nothing in what the data are or mean."
    if not impact.touching:
        return f"This only adds: {_count(len(impact.changes), 'thing is', 'things are')} new."
    tables = len(impact.hits) - len(impact.reports)
    parts = [
        _count(len(impact.reports), "report", "reports"),
        _count(tables, "other table", "other tables"),
    ]
    hit = f", and touches {' and '.join(parts)}" if impact.hits else ", and touches nothing else"
    broken = len(impact.broken)
    told = f" {_count(broken, 'change breaks', 'changes break')} something." if broken else ""
    assets = {change.key.partition("#")[0] for change in impact.touching}
    changed = _count(len(assets), "table or report", "tables and reports")
    return f"This changes {changed}{hit}.{told}"


def sentences(changes: Iterable[Change], impact: Impact) -> list[str]:
    """Return the sentences for changes of one asset; personal columns share one."""
    found: list[str] = []
    alike: dict[str, list[str]] = {}
    for change in changes:
        if change.kind == PERSONAL:
            alike.setdefault(change.after, []).append(f"`{change.column}`")
        else:
            found.append(sentence(change, impact))
    for what, names in alike.items():
        found.append(f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {what}")
    return found


def sentence(change: Change, impact: Impact) -> str:
    """Return a difference as a sentence, without the asset's name; Markdown for names and SQL."""
    name = f"`{change.column}`"
    whole = _kind(change, impact)
    if change.kind == ADDED:
        return f"{name} is new" if change.column else f"This {whole} is new"
    if change.kind == REMOVED:
        return f"{name} is gone" if change.column else f"This {whole} is gone"
    if change.kind == RETYPED:
        return f"{name} was {change.before} and is {change.after} now"
    if change.kind == MEANING:
        return f"{name} means something else now: {_differs(change)}"
    if change.kind == ROWS:
        return f"Other rows than before: {_conditions(change)}"
    if change.kind == PERSONAL:
        return f"{name} is {change.after}"
    if change.kind == PROMISE:
        return "Its columns are no longer promised: the contract was taken off"
    if change.kind == OWNER:
        return f"It belongs to {change.after or 'nobody'} now, and belonged to {change.before}"
    assert change.kind == FRESHNESS
    return f"Its freshness is {change.after} now, and was {change.before}"


def _differs(change: Change) -> str:
    if not change.before and not change.after:
        return "a step of the query before its last is another one"
    return f"it was {_code(change.before)} and is {_code(change.after)}"


def _conditions(change: Change) -> str:
    come, gone = (text.splitlines() for text in (change.after, change.before))
    if not come and not gone:
        return "what is read, or how it is put together, is another"
    told = [f"now {_condition(sql)}" for sql in come]
    told += [f"no longer {_condition(sql)}" for sql in gone]
    return "; ".join(told)


def _condition(sql: str) -> str:
    words = plain_words.condition(sql)
    return f"{words} ({_code(sql)})" if words else f"where {_code(sql)}"


def _code(sql: str, most: int = 160) -> str:
    flat = " ".join(sql.split()).replace("`", "")
    return f"`{flat if len(flat) <= most else flat[: most - 1] + '…'}`"


def _kind(change: Change, impact: Impact) -> str:
    thing = impact.things.get(change.key)
    return KINDS.get(thing.kind if thing else "", "table")


def title(key: str, impact: Impact) -> str:
    """Return what people call an asset, or a report's query, with its key."""
    asset, _, query = key.partition("#")
    thing = impact.things.get(asset)
    label = thing.label if thing is not None else asset
    named = label if label == asset.rpartition("/")[2] else f"{label} ({asset})"
    return f"{named}, query {query}" if query else (asset if named == label else named)


def grouped(impact: Impact, changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Return changes by the asset or query that they are of."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.key, []).append(change)
    return found


def touched(hit: Hit) -> str:
    """Return which columns of an asset are touched, in words."""
    if not hit.sure:
        return "perhaps: which columns it takes is not known"
    report = hit.thing.kind == "report"
    names = [_number(name) if report else name for name in hit.columns]
    every = list(dict.fromkeys(names))
    shown = every[:COLUMNS]
    more = len(every) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "") or "its rows"


def _number(name: str) -> str:
    """Return a number of a report as words, whichever of its queries it stands in."""
    return plain_words.named(name.partition(" (")[0])


def text(impact: Impact) -> str:
    """Return all of it for a terminal."""
    lines = [headline(impact)]
    for key, changes in grouped(impact, impact.changes).items():
        lines += ["", title(key, impact)]
        broken = [change for change in changes if change.broken]
        new = [change for change in changes if change.kind == ADDED]
        rest = [change for change in changes if not change.broken and change.kind != ADDED]
        told = [f"✗ {sentence(change, impact)} ({change.broken})" for change in broken]
        told += [f"~ {line}" for line in sentences(rest, impact)]
        told += [f"+ {line}" for line in sentences(new, impact)]
        lines += [f"  {line.replace('`', '')}" for line in told]
    for name, hits in (("Reports", impact.reports), ("Tables", _tables(impact))):
        if hits:
            lines += ["", f"{name} that are touched"]
            lines += [f"  {_hit(hit)}" for hit in hits]
    if impact.owners:
        lines += ["", f"Tell: {', '.join(map(_owner, impact.owners))}"]
    return "\n".join(lines)


def _hit(hit: Hit) -> str:
    read = f", for {hit.thing.audience}" if hit.thing.audience else ""
    owners = ", ".join(map(_owner, hit.thing.owners))
    return f"{hit.thing.label} ({owners}{read}): {touched(hit)}"


def _tables(impact: Impact) -> list[Hit]:
    return [hit for hit in impact.hits if hit.thing.kind != "report"]


def _owner(name: str) -> str:
    return name.removeprefix("team:") + (" team" if name.startswith("team:") else "")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"

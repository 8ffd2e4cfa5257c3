"""Two states of a project compared: what is different, and who is hit by it.

What belongs here: the differences, and following them downstream. What does not: words for people
(`told`), making states (`states`).

A column is *used* where something in the new state still reads it. What a change took out together
with all of its readers breaks nothing, unless a contract promised it.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from platform_assets.catalog.columns import Columns, Node
from platform_assets.catalog.impact.state import State, Thing

ADDED, REMOVED, RETYPED, MEANING, ROWS = "added", "removed", "retyped", "meaning", "rows"
PROMISE, PERSONAL, OWNER, FRESHNESS = "promise", "personal", "owner", "freshness"
HARMLESS = {ADDED}  # what nobody who relies on the data can notice


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        key: of the asset, or of a report's query.
        column: "" where it is about the whole.
        kind: one of the words above.
        before, after: what it was and is: a type, SQL, an owner; "" where there is nothing to say.
        users: labels of what uses it.
        broken: why it breaks something; "" if it does not.
    """

    key: str
    column: str
    kind: str
    before: str = ""
    after: str = ""
    users: tuple[str, ...] = ()
    broken: str = ""


@dataclass(frozen=True)
class Hit:
    """An asset whose values or rows are other ones now, though it was not changed itself.

    Attributes:
        columns: of it that are touched; () where it is not known which.
        sure: whether lineage says so; else it only lies downstream.
    """

    thing: Thing
    columns: tuple[str, ...] = ()
    sure: bool = True


@dataclass(frozen=True)
class Impact:
    """What a change touches.

    Attributes:
        changes: by asset, in the order of the walk from sources to reports.
        hits: what lies downstream of them and is touched.
        things: assets of both states, the newer ones first.
    """

    changes: tuple[Change, ...]
    hits: tuple[Hit, ...]
    things: Mapping[str, Thing] = field(default_factory=dict)

    @property
    def broken(self) -> tuple[Change, ...]:
        """Changes that break a promise, or something that is used."""
        return tuple(change for change in self.changes if change.broken)

    @property
    def touching(self) -> tuple[Change, ...]:
        """Changes that somebody who relies on the data can notice."""
        return tuple(change for change in self.changes if change.kind not in HARMLESS)

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose assets are changed or hit."""
        keys = [_asset(change.key) for change in self.touching]
        things = [self.things[k] for k in keys if k in self.things] + [h.thing for h in self.hits]
        return tuple(dict.fromkeys(owner for thing in things for owner in thing.owners))

    @property
    def reports(self) -> tuple[Hit, ...]:
        """The reports that are hit."""
        return tuple(hit for hit in self.hits if hit.thing.kind == "report")


def compare(before: State, after: State) -> Impact:
    """Return what differs between two states, and who is hit."""
    old, new = Columns(before.lineage), Columns(after.lineage)
    things = {**before.things, **after.things}
    found: list[Change] = []
    for key in sorted(things):
        found += _asset_changes(key, before, after, old, new)
    for key in sorted({*before.meanings, *after.meanings}):
        if "#" in key and key in before.meanings and key in after.meanings:
            found += _meaning_changes(key, before, after)
    return Impact(tuple(found), tuple(_hits(found, before, after, old, new)), things)


def _asset_changes(
    key: str, before: State, after: State, old: Columns, new: Columns
) -> Iterator[Change]:
    was, now = before.things.get(key), after.things.get(key)
    if was is None:
        yield Change(key, "", ADDED)
        return
    if now is None:
        users = _readers(key, was, after, new)
        yield Change(key, "", REMOVED, users=users, broken=_why(was, users, "it is gone"))
        return
    yield from _column_changes(key, was, now, after, old, new)
    if was.contract and not now.contract:
        yield Change(key, "", PROMISE, broken="its columns are no longer promised (contract)")
    if was.owners != now.owners:
        yield Change(key, "", OWNER, ", ".join(was.owners), ", ".join(now.owners))
    if was.fresh != now.fresh:
        yield Change(key, "", FRESHNESS, was.fresh, now.fresh)
    yield from _meaning_changes(key, before, after)


def _column_changes(
    key: str, was: Thing, now: Thing, after: State, old: Columns, new: Columns
) -> Iterator[Change]:
    for name in {**was.columns, **now.columns}:
        one, other = was.columns.get(name), now.columns.get(name)
        if one is None and other is not None:
            if was.complete:
                yield Change(key, other.name, ADDED, after=other.type)
        elif other is None and one is not None:
            if not now.complete:
                continue
            users = _users(was.table, name, old, new, after)
            yield Change(
                key, one.name, REMOVED, one.type, "", users, _why(was, users, "it is gone")
            )
        elif one is not None and other is not None:
            if one.type and other.type and one.type != other.type:
                users = _users(was.table, name, old, new, after)
                why = _why(was, users, f"it is {other.type} now, and was {one.type}")
                yield Change(key, other.name, RETYPED, one.type, other.type, users, why)
            if one.personal != other.personal:
                told = "personal data" if other.personal else "not personal data any more"
                yield Change(key, other.name, PERSONAL, after=told)


def _meaning_changes(key: str, before: State, after: State) -> Iterator[Change]:
    was, now = before.meanings.get(key), after.meanings.get(key)
    if was is None or now is None or was == now:
        return
    if was.rows != now.rows:
        gone = [c for c in was.conditions if c not in now.conditions]
        come = [c for c in now.conditions if c not in was.conditions]
        yield Change(key, "", ROWS, "\n".join(gone), "\n".join(come))
    for name in was.columns:
        if name in now.columns and was.columns[name] != now.columns[name]:
            texts = was.shown.get(name, ""), now.shown.get(name, "")
            shown = texts if texts[0] != texts[1] else ("", "")
            yield Change(key, name, MEANING, *shown)


def _users(table: str, name: str, old: Columns, new: Columns, after: State) -> tuple[str, ...]:
    """Return the labels of what uses a column still, or used it and can't be understood now."""
    still = [use.key for use in new.uses(table, name)]
    lost = [u.key for u in old.uses(table, name) if _lost(u.key, new)]
    keys = [key for key in map(_asset, (*still, *lost)) if key in after.things]
    return tuple(dict.fromkeys(after.things[key].label for key in keys))


def _lost(key: str, new: Columns) -> bool:
    """Whether the lineage of a query is not known: it may name what is not there any more."""
    return key in new.tables and bool(new.tables[key].problem)


def _readers(key: str, was: Thing, after: State, new: Columns) -> tuple[str, ...]:
    """Return the labels of what reads a table in the new state."""
    keys = {_asset(use) for use in new.readers(was.table)} if was.table else set()
    keys |= {thing.key for thing in after.things.values() if key in thing.parents}
    return tuple(after.things[k].label for k in sorted(keys) if k in after.things)


def _why(was: Thing, users: tuple[str, ...], what: str) -> str:
    """Return why a change of a column breaks something; "" if it does not."""
    if was.contract:
        return f"its contract promised it, and {what}"
    return f"{what}, and is used by {_listed(users)}" if users else ""


def _listed(names: Iterable[str], most: int = 4) -> str:
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def _hits(
    changes: Iterable[Change], before: State, after: State, old: Columns, new: Columns
) -> Iterator[Hit]:
    """Yield what lies downstream of changes that can be noticed, nearest first."""
    touching = [c for c in changes if c.kind in (REMOVED, RETYPED, MEANING, ROWS)]
    starts: list[Node] = [(c.key, c.column.lower()) for c in touching]
    own = {_asset(c.key) for c in touching if "#" not in c.key}
    touched: dict[str, dict[str, None]] = {}
    for node in (*_downstream(starts, new), *_downstream(starts, old)):
        query = node[0].partition("#")[2]
        name = f"{node[1]} ({query})" if query else node[1]
        touched.setdefault(_asset(node[0]), {})
        if node[1]:
            touched[_asset(node[0])].setdefault(name)
    for change in touching:
        if "#" in change.key:  # a report whose own query was changed
            name = change.column.lower() or "all numbers"
            touched.setdefault(_asset(change.key), {}).setdefault(
                f"{name} ({change.key.partition('#')[2]})"
            )
    blind = _blind(own | set(touched), after)
    for key in _walked(after):
        if key in touched and key not in own:
            yield Hit(after.things[key], tuple(touched[key]))
        elif key in blind and key not in own:
            yield Hit(after.things[key], sure=False)


def _downstream(starts: Iterable[Node], columns: Columns) -> dict[Node, None]:
    """Return every column that rests on one of these, in any way."""
    found: dict[Node, None] = {}
    ahead = deque(starts)
    while ahead:
        node = ahead.popleft()
        for other in columns.touched_by(node):
            if other not in found:
                found[other] = None
                ahead.append(other)
    return found


def _blind(keys: set[str], after: State) -> set[str]:
    """Return what reads one of these assets, while its own lineage is not known."""
    found: set[str] = set()
    for key in _walked(after):
        thing, lineage = after.things[key], after.lineage.get(key)
        if any(p in keys or p in found for p in thing.parents):
            unknown = lineage.problem if lineage is not None else thing.table and key not in found
            if unknown:
                found.add(key)
    return found


def _walked(state: State) -> list[str]:
    """Return the keys of all assets, each after what it reads."""
    order: dict[str, None] = {}
    waiting = [(key, False) for key in sorted(state.things, reverse=True)]
    entered: set[str] = set()
    while waiting:
        key, done = waiting.pop()
        if done:
            order[key] = None
        elif key not in entered:
            entered.add(key)
            waiting.append((key, True))
            waiting += [(p, False) for p in state.things[key].parents if p in state.things]
    return list(order)


def _asset(key: str) -> str:
    return key.partition("#")[0]

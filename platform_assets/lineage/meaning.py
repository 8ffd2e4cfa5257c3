"""What a query means, to be compared with what it meant: a fingerprint of each column, and of rows.

Two queries that differ in layout, letter case, comments, names of tables within, or the order of
conditions have the same fingerprints. A column's covers the expression behind it through all steps
of the query; the rows' covers what is read, joined, filtered, grouped and limited.

What belongs here: one query by itself. What does not: what changes downstream of it.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

LONGEST = 400  # characters of a fingerprint in the making


@dataclass(frozen=True)
class Meaning:
    """Fingerprints of a query, and the SQL they are of.

    Attributes:
        rows: of which rows there are.
        columns: of each output column, by its name in lower case.
        shown: the SQL of each output column, in its last step.
        conditions: the SQL of every filter and join, in all steps.
        readable: whether the SQL could be parsed; else all fingerprints are of its text.
    """

    rows: str
    columns: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, str] = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    readable: bool = True


@dataclass(frozen=True)
class _Relation:
    """What can be read from: fingerprints, or a table whose columns are not looked at."""

    rows: str
    columns: Mapping[str, str]
    shown: Mapping[str, str]
    open: bool = False  # it may have more columns than are known

    def column(self, name: str) -> str:
        return self.columns.get(name.lower()) or f"{self.rows}.{name.lower()}"

    def has(self, name: str) -> bool:
        return name.lower() in self.columns


Known = Mapping[str, _Relation]


def meaning(sql: str, dialect: str = "duckdb") -> Meaning:
    """Return what one SELECT means."""
    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
        reader = _Reader(dialect)
        found = reader.query(tree, {})
    except (SqlglotError, RecursionError):
        return Meaning(_digest(" ".join(sql.split())), readable=False)
    return Meaning(
        _digest(found.rows),
        {name: _digest(text) for name, text in found.columns.items()},
        found.shown,
        tuple(dict.fromkeys(reader.conditions)),
    )


class _Reader:
    """One walk over a query; notes the conditions on its way."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.conditions: list[str] = []

    def query(self, node: exp.Expr, known: Known) -> _Relation:
        """Return what a query gives."""
        known = {**known}
        with_ = node.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            found = self.query(cte.this, known)
            known[cte.alias.lower()] = self._named(found, cte)
        if isinstance(node, exp.Subquery):
            return self.query(node.this, known)
        if isinstance(node, exp.SetOperation):
            return self._set(node, known)
        if isinstance(node, exp.Select):
            return self._select(node, known)
        return _Relation(self._sql(node), {}, {}, True)

    def _named(self, found: _Relation, cte: exp.Expr) -> _Relation:
        alias = cte.args.get("alias")
        names = [c.name.lower() for c in alias.columns] if alias is not None else []
        if not names:
            return found
        renamed = dict(zip(names, found.columns.values(), strict=False))
        return _Relation(found.rows, renamed, {}, found.open)

    def _set(self, node: exp.SetOperation, known: Known) -> _Relation:
        left, right = (self.query(side, known) for side in (node.this, node.expression))
        kind = f"{type(node).__name__} {node.args.get('distinct')} {node.args.get('by_name')}"
        if node.args.get("by_name"):
            names = dict.fromkeys([*left.columns, *right.columns])
            pairs = {n: (left.columns.get(n, ""), right.columns.get(n, "")) for n in names}
        else:
            both = zip(left.columns.items(), right.columns.values(), strict=False)
            pairs = {name: (a, b) for (name, a), b in both}
        columns = {name: f"{a} | {b}" if a != b else a for name, (a, b) in pairs.items()}
        limits = self._limits(node, {}, {})
        return _Relation(
            f"({kind} {left.rows} | {right.rows} {limits})",
            columns,
            left.shown,
            left.open or right.open,
        )

    def _select(self, node: exp.Select, known: Known) -> _Relation:
        sources: dict[str, _Relation] = {}
        read = []
        from_ = node.args.get("from_")
        entries = [(from_.this, None)] if from_ is not None else []
        entries += [(join.this, join) for join in node.args.get("joins") or ()]
        entries += [(lateral, None) for lateral in node.args.get("laterals") or ()]
        for entry, join in entries:
            relation = self._source(entry, {**known})
            sources[(entry.alias_or_name or f"_{len(sources)}").lower()] = relation
            read.append(relation.rows + self._join(join, sources, known))
        columns, shown, open_ = self._projections(node, sources, known)
        clauses = [
            f"distinct {self._each(node, 'distinct', sources, known)}"
            if node.args.get("distinct")
            else "",
            *sorted(self._where(node, "where", sources, known)),
            f"group {self._group(node, sources, known, list(columns.values()))}",
            *sorted(self._where(node, "having", sources, known, columns)),
            *sorted(self._where(node, "qualify", sources, known, columns)),
            self._limits(node, sources, known),
        ]
        rows = f"(read {' + '.join(read)} {' '.join(c for c in clauses if c)})"
        return _Relation(_short(rows), columns, shown, open_)

    def _source(self, entry: exp.Expr, known: Known) -> _Relation:
        if isinstance(entry, exp.Table) and isinstance(entry.this, exp.Identifier):
            name = f"{entry.db}.{entry.name}".lower().strip(".")
            if not entry.db and name in known:
                return known[name]
            return _Relation(name, {}, {}, True)
        if isinstance(entry, exp.Subquery):
            return self._named(self.query(entry.this, known), entry)
        return _Relation(self._fingerprint(entry, {}, known), {}, {}, True)

    def _join(self, join: exp.Expr | None, sources: Mapping[str, _Relation], known: Known) -> str:
        if join is None:
            return ""
        words = " ".join(
            str(join.args.get(name) or "") for name in ("method", "side", "kind", "using")
        )
        on = join.args.get("on")
        if on is None:
            return f" [{words}]"
        self.conditions += [self._sql(part) for part in _conjuncts(on)]
        return f" [{words} {sorted(self._fingerprint(p, sources, known) for p in _conjuncts(on))}]"

    def _where(
        self,
        node: exp.Expr,
        clause: str,
        sources: Mapping[str, _Relation],
        known: Known,
        own: Mapping[str, str] | None = None,
    ) -> Iterator[str]:
        found = node.args.get(clause)
        for part in _conjuncts(found.this) if found is not None else ():
            self.conditions.append(self._sql(part))
            yield f"{clause} {self._fingerprint(part, sources, known, own)}"

    def _group(
        self, node: exp.Expr, sources: Mapping[str, _Relation], known: Known, columns: list[str]
    ) -> str:
        group = node.args.get("group")
        found = []
        for one in group.expressions if group is not None else ():
            place = int(one.name) - 1 if isinstance(one, exp.Literal) and one.is_int else -1
            inside = 0 <= place < len(columns)
            found.append(columns[place] if inside else self._fingerprint(one, sources, known))
        rest = sorted(k for k, v in group.args.items() if v and k != "expressions") if group else ""
        return f"{sorted(found)} {rest}" if group is not None else ""

    def _limits(self, node: exp.Expr, sources: Mapping[str, _Relation], known: Known) -> str:
        limit, offset = node.args.get("limit"), node.args.get("offset")
        if limit is None and offset is None:
            return ""
        texts = [self._each(node, name, sources, known) for name in ("order", "limit", "offset")]
        return f"limit {texts}"

    def _each(
        self, node: exp.Expr, clause: str, sources: Mapping[str, _Relation], known: Known
    ) -> str:
        found = node.args.get(clause)
        return self._fingerprint(found, sources, known) if isinstance(found, exp.Expr) else ""

    def _projections(
        self, node: exp.Select, sources: Mapping[str, _Relation], known: Known
    ) -> tuple[dict[str, str], dict[str, str], bool]:
        columns: dict[str, str] = {}
        shown: dict[str, str] = {}
        open_ = False
        for one in node.expressions:
            if one.is_star:
                open_ = self._star(one, sources, columns) or open_
                continue
            value = one.this if isinstance(one, exp.Alias) else one
            name = (one.alias_or_name or self._sql(one)).lower()
            columns[name] = self._fingerprint(value, sources, known, columns)
            shown[name] = self._sql(value)
        return columns, shown, open_

    def _star(
        self, one: exp.Expr, sources: Mapping[str, _Relation], columns: dict[str, str]
    ) -> bool:
        table = one.table.lower() if isinstance(one, exp.Column) else ""
        star = one.this if isinstance(one, exp.Column) else one
        without = {e.name.lower() for e in star.args.get("except_") or ()}
        changed = {
            e.alias.lower(): self._fingerprint(e.this, sources, {})
            for e in star.args.get("replace") or ()
        }
        read = [sources[table]] if table in sources else list(sources.values())
        for relation in read:
            for name, text in relation.columns.items():
                if name not in without:
                    columns.setdefault(name, changed.get(name, text))
            if relation.open and not relation.columns:
                columns.setdefault(f"* of {relation.rows}", f"{relation.rows}.*")
        return any(relation.open for relation in read)

    def _fingerprint(
        self,
        node: exp.Expr,
        sources: Mapping[str, _Relation],
        known: Known,
        own: Mapping[str, str] | None = None,
    ) -> str:
        """Return an expression with each column replaced by what it stands for."""

        def replaced(one: exp.Expr) -> exp.Expr:
            if isinstance(one, exp.Query):
                found = self.query(one, {**known})
                return exp.Var(this=f"<{found.rows} {sorted(found.columns.values())}>")
            if isinstance(one, exp.Column):
                return exp.Var(this=_resolve(one, sources, own or {}))
            return one

        return _short(self._sql(node.copy().transform(replaced)))

    def _sql(self, node: exp.Expr) -> str:
        return node.sql(dialect=self.dialect, comments=False, normalize=True)


def _resolve(column: exp.Column, sources: Mapping[str, _Relation], own: Mapping[str, str]) -> str:
    """Return what a column stands for: of a source, or the expression of a name beside it."""
    name, table = column.name.lower(), column.table.lower()
    if table in sources:
        return sources[table].column(name)
    for relation in sources.values():
        if relation.has(name):
            return relation.column(name)
    if name in own:
        return own[name]
    open_ = [relation for relation in sources.values() if relation.open]
    return open_[0].column(name) if len(open_) == 1 else f"{table}.{name}"


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(node, exp.Paren):
        yield from _conjuncts(node.this)
    elif isinstance(node, exp.And):
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    else:
        yield node


def _short(text: str) -> str:
    """Return a long text's digest: what is built on it stays small, however deep the query."""
    return text if len(text) <= LONGEST else _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]

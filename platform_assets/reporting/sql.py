"""What a report's SQL reads: tables, other queries, and whether it only reads.

What belongs here: everything that can be said of SQL without running it, with sqlglot. What does
not: running it and the errors of the engine (`queries`).

A query may name another query of the report like a table, and `this_report`, one row with
`generated_at` (UTC) and `generated_on`: both are spliced in as common table expressions, and the
author's text stays as it is, so that lines in errors stay true.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from platform_assets.reporting import bindings, parameters
from platform_assets.reporting.document import Document, Query
from platform_assets.reporting.errors import ReportError, did_you_mean, nearest

THIS_REPORT = "this_report"
WRITES = (exp.DML, exp.DDL, exp.Command, exp.Into)
SERIES = (exp.GenerateSeries, exp.GenerateDateArray, exp.Unnest, exp.ExplodingGenerateSeries)


@dataclass(frozen=True)
class Parsed:
    """One query and what it names.

    Attributes:
        query: as written.
        tree: as parsed.
        tables: warehouse tables as `schema.table`, with the line of their first mention.
        queries: other queries of the report, and `this_report`.
        parameters: names of the parameters, as SQL has them (`:period_from`).
        days: those of them that are days.
    """

    query: Query
    tree: exp.Query
    tables: Mapping[str, int]
    queries: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    days: tuple[str, ...] = ()


def parse_all(document: Document, dialect: str = "duckdb") -> dict[str, Parsed]:
    """Return every query of `document`, parsed.

    Raises:
        ReportError: SQL that can't be read, does more than read, or reads something that is no
            table of the warehouse; with file and line.
    """
    found: dict[str, Parsed] = {}
    chosen = parameters.names(document.parameters)
    days = tuple(parameters.days(document.parameters))
    for query in document.queries.values():
        try:
            one = parse(query, set(document.queries), chosen, dialect)
            found[query.name] = replace(one, days=days)
            bindings.check(found[query.name].tree, query, chosen)
        except ReportError as error:
            raise error.at(document.file, query.line) from None
    _refuse_circles(document, found)
    _refuse_own_parameters(document, found)
    return found


def parse(
    query: Query, names: Collection[str], chosen: Collection[str] = (), dialect: str = "duckdb"
) -> Parsed:
    """Return one query, parsed; `names` are all queries of the report, `chosen` its parameters.

    Raises:
        ReportError: as `parse_all`, with the line but without the file.
    """
    tree = _tree(query, chosen, dialect)
    tables: dict[str, int] = {}
    queries: list[str] = []
    for table in tree.find_all(exp.Table):
        line = _line(query, table.this)
        if not isinstance(table.this, exp.Identifier):
            if not isinstance(table.this, SERIES):
                raise _at(line, _not_a_table(query, table.this.sql(dialect=dialect)))
            continue
        if table.db:
            tables.setdefault(f"{table.db}.{table.name}".lower(), line)
        elif _is_cte(table):
            continue
        elif table.name in names or table.name == THIS_REPORT:
            if table.name not in queries:
                queries.append(table.name)
        else:
            raise _at(line, _unknown_bare(query, table.name, names))
    return Parsed(query, tree, tables, tuple(queries), bindings.named(tree))


def check_tables(parsed: Mapping[str, Parsed], known: Collection[str], document: Document) -> None:
    """Refuse a table that the warehouse does not have.

    Args:
        parsed: from `parse_all`.
        known: all tables, as `schema.table`.
        document: for the file's name.

    Raises:
        ReportError: file, line and the nearest right name.
    """
    lowered = {name.lower() for name in known}
    for one in parsed.values():
        for table, line in one.tables.items():
            if table not in lowered:
                raise ReportError(
                    f"query `{one.query.name}`: there is no table {table}.",
                    file=document.file,
                    line=line,
                    hint=did_you_mean(table, known),
                )


def runnable(name: str, parsed: Mapping[str, Parsed], generated_at: datetime) -> tuple[str, int]:
    """Return the SQL of query `name` with the queries it names, and the lines put before it.

    The second value is subtracted from a line that the engine names. `generated_at` is UTC.
    """
    needed = needed_by(name, parsed)
    needed.remove(name)
    sql = _body(parsed[name])
    if not needed:
        return sql, 0
    bodies = {one: _body(parsed[one]) for one in needed if one in parsed}
    bodies[THIS_REPORT] = (
        f"SELECT CAST('{generated_at:%Y-%m-%d %H:%M:%S}' AS TIMESTAMP) AS generated_at, "
        f"CAST('{generated_at:%Y-%m-%d}' AS DATE) AS generated_on"
    )
    head = ",\n".join(f"{one} AS (\n{bodies[one]}\n)" for one in needed)
    return _splice(head, sql)


def _splice(head: str, sql: str) -> tuple[str, int]:
    """Put common table expressions before `sql`, which may bring its own WITH."""
    first = next(iter(sqlglot.tokenize(sql, dialect="duckdb")))
    if first.text.upper() != "WITH":
        text = f"WITH {head}\n{sql}"
        return text, text.count("\n") - sql.count("\n")
    rest = sql[first.end + 1 :]
    recursive = "RECURSIVE" if rest.split(maxsplit=1)[0].upper() == "RECURSIVE" else ""
    if recursive:
        rest = rest[rest.upper().index("RECURSIVE") + len("RECURSIVE") :]
    text = f"{sql[: first.start]}WITH {recursive} {head},{rest}"
    return text, text.count("\n") - sql.count("\n")


def _body(one: Parsed) -> str:
    """Return a query as the engine takes it: without its semicolon, `:name` as `$name`."""
    return bindings.bound(_bare(one.query.sql), one.parameters, one.days)


def _bare(sql: str) -> str:
    """Return `sql` up to the semicolon at its end, if it has one."""
    last = sqlglot.tokenize(sql, dialect="duckdb")[-1]
    return sql[: last.start] if last.text == ";" else sql.rstrip()


def _tree(query: Query, chosen: Collection[str], dialect: str) -> exp.Query:
    try:
        statements = sqlglot.parse(_readable(query.sql, chosen), dialect=dialect)
    except (ParseError, TokenError) as error:
        details = getattr(error, "errors", None) or [{}]
        line = query.line + int(details[0].get("line") or 1) - 1
        what = str(details[0].get("description") or str(error).splitlines()[0]).rstrip(".")
        near = str(details[0].get("highlight") or "")
        where = f", at `{near}`" if near else ""
        raise _at(
            line, ReportError(f"query `{query.name}` is not readable SQL: {what}{where}.")
        ) from None
    # A comment after the last semicolon comes as a statement of its own.
    trees = [one for one in statements if one is not None and not isinstance(one, exp.Semicolon)]
    if len(trees) != 1:
        held = f"holds {len(trees)} statements" if trees else "is empty"
        raise _at(
            query.line,
            ReportError(f"query `{query.name}` {held}.", hint="One SELECT in each ```sql block."),
        )
    tree = trees[0]
    if not isinstance(tree, exp.Query) or any(
        isinstance(node, WRITES) and not isinstance(node, exp.Query) for node in tree.walk()
    ):
        raise _at(
            query.line,
            ReportError(
                f"query `{query.name}` does more than read.", hint="A report only reads: SELECT …"
            ),
        )
    return tree


def _readable(sql: str, chosen: Collection[str]) -> str:
    """Return `sql` with `$name` for `:name`, which the parser takes for more (`CASE :name`)."""
    try:
        return bindings.bound(sql, chosen)
    except TokenError:
        return sql  # the parser words it


def _refuse_circles(document: Document, parsed: Mapping[str, Parsed]) -> None:
    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circle = " → ".join((*path[path.index(name) :], name))
            query = document.queries[name]
            raise ReportError(
                f"queries name each other in a circle: {circle}.",
                file=document.file,
                line=query.line,
            )
        for other in parsed[name].queries if name in parsed else ():
            visit(other, (*path, name))

    for name in parsed:
        visit(name, ())


def _refuse_own_parameters(document: Document, parsed: Mapping[str, Parsed]) -> None:
    """Refuse a query that gives a parameter its options and is filtered by one itself."""
    for reference in parameters.references(document.parameters):
        name = reference.split(".")[0]
        if name not in parsed:
            raise ReportError(
                f"a parameter names `{reference}`: there is no query `{name}`.",
                file=document.file,
                hint=did_you_mean(name, parsed),
            )
        for one in needed_by(name, parsed):
            if one in parsed and parsed[one].parameters:
                raise ReportError(
                    f"query `{one}` gives a parameter its values, so it can't be filtered by one.",
                    file=document.file,
                    line=document.queries[one].line,
                )


def needed_by(name: str, parsed: Mapping[str, Parsed]) -> list[str]:
    """Return query `name` and all that it names, each after those it names itself."""
    needed: list[str] = []

    def visit(one: str) -> None:
        for other in parsed[one].queries if one in parsed else ():
            visit(other)
        if one not in needed:
            needed.append(one)

    visit(name)
    return needed


def _is_cte(table: exp.Table) -> bool:
    """Whether `table` is a common table expression of a query around it."""
    node: exp.Expr | None = table
    while node is not None:
        with_ = node.args.get("with_") or node.args.get("with")
        if with_ and any(cte.alias.lower() == table.name.lower() for cte in with_.expressions):
            return True
        node = node.parent
    return False


def _line(query: Query, node: object) -> int:
    line = node.meta.get("line") if isinstance(node, exp.Expression) else None
    return query.line + (int(line) - 1 if line else 0)


def _at(line: int, error: ReportError) -> ReportError:
    error.line = line
    return error


def _not_a_table(query: Query, text: str) -> ReportError:
    return ReportError(
        f"query `{query.name}` reads {text}, which is no table of the warehouse.",
        hint="Declare it as a source, and read the table.",
    )


def _unknown_bare(query: Query, name: str, names: Collection[str]) -> ReportError:
    near = nearest(name, names)
    return ReportError(
        f"query `{query.name}`: `{name}` is neither a table with its schema nor another query.",
        hint=f"Did you mean `{near}`?" if near else f"Write the schema too, e.g. marts.{name}.",
    )

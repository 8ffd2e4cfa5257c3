"""A DuckDB in memory with the inputs of statements, each of which can be shown changed.

What belongs here: holding and showing tables, running SQL on them. What does not: which changes
there are (`changes`), what is concluded (`experiment`).
"""

from collections.abc import Collection, Iterator, Sequence

import duckdb
import pyarrow as pa

from platform_assets.lineage.changes import Column, new_value, renewed
from platform_assets.lineage.versions import versions

MOST_PAIRS = 400  # of twins, in a table
HELD = "held"  # the schema of the inputs as they are
_NUMBERED = (  # rows with their numbers, and the number of another row each
    "SELECT *, row_number() OVER (ORDER BY hash(_place)) AS _other FROM "
    "(SELECT *, row_number() OVER () AS _place FROM {table})"
)


class Laboratory:
    """A DuckDB in memory with the inputs of statements, under the names that their SQL has.

    Args:
        catalog: what the SQL calls the warehouse.
    """

    def __init__(self, catalog: str = "lake") -> None:
        self.connection = duckdb.connect(
            config={"threads": 1, "autoinstall_known_extensions": False}
        )
        self.run(f"ATTACH ':memory:' AS {catalog}; USE {catalog}; CREATE SCHEMA {HELD}")
        self.run("SET TimeZone = 'UTC'")
        self._tables: dict[str, list[Column]] = {}
        self.keys: dict[str, list[set[str]]] = {}

    def close(self) -> None:
        """Forget everything."""
        self.connection.close()

    def hold(
        self, table: str, query: str, keys: Sequence[Collection[str]] = (), more: int = 0
    ) -> None:
        """Take in a table, `schema.name`, as a query finds it.

        Args:
            keys: sets of columns that are unique, and stay so.
            more: versions of each row to add, for what the data happen not to have.
        """
        schema = table.rpartition(".")[0]
        self.run(f"CREATE OR REPLACE TEMP TABLE taken AS {query}")
        self.run(f"CREATE OR REPLACE TEMP TABLE taken AS {_NUMBERED.format(table='taken')}")
        columns = [
            Column(table, str(name), str(kind))
            for name, kind, *_ in self.connection.execute("DESCRIBE taken").fetchall()
            if name not in ("_place", "_other")
        ]
        if more and columns:
            self._add_versions(columns, keys, more)
        self.run(f"CREATE OR REPLACE TABLE {held(table)} AS FROM taken; DROP TABLE taken")
        self._tables[table] = columns
        self.keys[table] = [{name.lower() for name in key} for key in keys if key]
        if schema:
            self.run(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
        self.show_held(table)

    def _add_versions(
        self, columns: Sequence[Column], keys: Sequence[Collection[str]], times: int
    ) -> None:
        """Add versions of the rows of `taken`."""
        new = {column.name for column in renewed(columns, keys)}
        rows = self.connection.execute("SELECT * EXCLUDE (_place, _other) FROM taken")
        taken = rows.to_arrow_table()
        pairs = min(MOST_PAIRS, taken.num_rows * times * 2)
        made = versions(taken, new, times, pairs, columns[0].table)
        number = pa.array(range(1, made.num_rows + 1), pa.int64())
        self.connection.register("made", made.append_column("_number", number))
        told = ", ".join(
            f"CAST({new_value(c, '_number', 'taken') if c.name in new else quoted_name(c.name)} "
            f"AS {c.kind}) AS {quoted_name(c.name)}"
            for c in columns
        )
        names = ", ".join(quoted_name(column.name) for column in columns)
        every = f"SELECT {names} FROM taken UNION ALL SELECT {told} FROM made"
        self.run(f"CREATE OR REPLACE TEMP TABLE taken AS {every}")
        self.connection.unregister("made")
        self.run(f"CREATE OR REPLACE TEMP TABLE taken AS {_NUMBERED.format(table='taken')}")

    def schemas(self) -> dict[str, list[str]]:
        """Return the columns of the tables that are held."""
        return {table: [c.name for c in columns] for table, columns in self._tables.items()}

    def columns(self, sql: str) -> Iterator[Column]:
        """Return the columns of the held tables that SQL names, or may name by a star."""
        text = sql.lower()
        for table, columns in self._tables.items():
            if table.rpartition(".")[2] in text:
                yield from columns

    def outputs(self, made: str) -> dict[str, str]:
        """Return the types of the columns of what was made, by name."""
        rows = self.connection.execute(f"DESCRIBE temp.{made}").fetchall()
        return {str(row[0]): str(row[1]) for row in rows}

    def make(self, name: str, sql: str) -> None:
        """Keep what a query finds now, as `temp.<name>`; duckdb.Error if it does not run."""
        self.run(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql.strip().rstrip(';')}")

    def show_held(self, table: str, order: str = "") -> None:
        """Show a table as it is, in another order if one is given."""
        self.show(table, f"SELECT * EXCLUDE (_place, _other) FROM {held(table)}{order}")

    def show(self, table: str, query: str) -> None:
        """Let a table be what a query finds, until it is shown otherwise."""
        schema, _, name = table.rpartition(".")
        shown = f'"{schema}"."{name}"' if schema else f'main."{name}"'
        self.run(f"CREATE OR REPLACE VIEW {shown} AS {query}")

    def run(self, sql: str) -> None:
        """Run SQL that answers nothing."""
        self.connection.execute(sql)

    def one(self, sql: str) -> tuple[int, ...]:
        """Return the one row of numbers that a query finds; () for none."""
        return self.connection.execute(sql).fetchone() or ()


def held(table: str) -> str:
    """Return where a table is held, whatever is shown for it."""
    return f'{HELD}."{table}"'


def quoted_name(column: str) -> str:
    """Return a column's name as SQL."""
    return '"' + column.replace('"', '""') + '"'

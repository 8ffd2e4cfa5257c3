"""Which reader cuts a file into chunks, and what SQL reads them.

What belongs here: the choice by format. What does not: the readers (`lines`, `documents`,
`delimited`) and the SQL (`resources.warehouse.file_stage`).
"""

import re
from collections.abc import Callable, Collection, Iterator
from typing import BinaryIO

import duckdb
import pyarrow as pa

from platform_assets.ingestion import columnar, delimited, documents, lines
from platform_assets.ingestion.compression import Hashing, blocks, plain
from platform_assets.ingestion.declaration import FileFormat
from platform_assets.ingestion.streams import utf8
from resources.errors import PlatformError
from resources.warehouse import file_relation
from resources.warehouse.file_relation import Bad, Chunk, Relation

_TEXT = r'(?:[^"\\]|\\.)*'
_REQUEST = rf'(?:(?P<method>[A-Z]+) (?P<path>\S*)(?: (?P<protocol>[^"\s]+))?|{_TEXT})'
LOG = (
    r"(?P<remote_addr>\S+) (?P<ident>\S+) (?P<remote_user>\S+) \[(?P<time>[^\]]+)\] "
    rf'"(?P<request>{_REQUEST})" (?P<status>\d{{3}}) (?P<bytes>\d+|-)'
    rf'(?: "(?P<referer>{_TEXT})" "(?P<user_agent>{_TEXT})")?\s*'
)
LOG_TIME = "%d/%b/%Y:%H:%M:%S %z"

Open = Callable[[], BinaryIO]


def chunks(declared: FileFormat, stream: Hashing, open_again: Open, path: str) -> Iterator[Chunk]:
    """Yield the records of a file in chunks.

    Args:
        stream: the file's bytes, hashed on the way.
        open_again: opens the same file once more, for readers that must look twice.

    Raises:
        Unreadable: the file can't be read at all.
    """
    if declared.type == "parquet":
        with open_again() as again:
            yield from columnar.chunks(again)
        stream.drain()
        return
    text = plain(stream, path)
    if declared.type == "csv":
        encoding = declared.encoding
        if encoding is None:
            with open_again() as again:
                encoding = delimited.encoding(blocks(plain(Hashing(again), path), 1 << 20))
        yield from delimited.chunks(text, declared, path, encoding)
    elif declared.type == "json":
        yield from documents.chunks(utf8(blocks(text), declared.encoding))
    else:
        yield from lines.chunks(utf8(blocks(text), declared.encoding))
    stream.drain()


def relation(
    connection: duckdb.DuckDBPyConnection,
    declared: FileFormat,
    chunk: Chunk,
    documents: Callable[[Collection[str]], Collection[str]],
    known: Collection[str] = (),
) -> tuple[pa.Table, Relation, list[Bad]]:
    """Return the records of a chunk that can be read, the SQL that reads them, and the others.

    Args:
        documents: of the names of columns, those whose values are wanted as JSON.
        known: names that become columns, however many there are.
    """
    if chunk.names is not None:
        found = file_relation.table_relation(connection, chunk.table, chunk.names)
        return chunk.table, found, []
    if declared.type == "access_log":
        pattern = declared.pattern or LOG
        groups = log_groups(pattern)
        table, found, bad = file_relation.log_relation(connection, chunk.table, pattern, groups)
        if declared.pattern is None:
            found = _log_time(found)
        return table, found, bad
    keep = declared.non_objects == "keep"
    table, keys, bad = file_relation.check_json(connection, chunk.table, keep)
    return table, file_relation.json_relation(keys, documents(keys), known), bad


def check(declared: FileFormat) -> None:
    """Make sure that the declaration can be read with at all.

    Raises:
        PlatformError: the log's pattern is no regular expression of RE2's, or names nothing.
    """
    if declared.pattern is None:
        return
    log_groups(declared.pattern)
    try:
        duckdb.execute("SELECT regexp_full_match('', $1)", [declared.pattern])
    except duckdb.Error as error:
        raise PlatformError(
            f"The log pattern {declared.pattern!r} is none that RE2 understands: {error}.",
            hint="RE2 has no look-ahead and no back-references; see its syntax.",
        ) from error


def log_groups(pattern: str) -> list[str]:
    """Return the name of each group of a log's pattern, in order; a group without a name gets one.

    Raises:
        PlatformError: the pattern is no regular expression, or names nothing.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise PlatformError(
            f"The log pattern {pattern!r} is no regular expression: {error}.",
            hint="Name each part: (?P<status>[0-9]+). See RE2's syntax.",
        ) from error
    if not compiled.groupindex:
        raise PlatformError(
            f"The log pattern {pattern!r} names no column.",
            hint="Name each part: (?P<status>[0-9]+).",
        )
    names = {index: name for name, index in compiled.groupindex.items()}
    return [names.get(n, f"group_{n}") for n in range(1, compiled.groups + 1)]


def _log_time(found: Relation) -> Relation:
    """Return the relation with the log's time as a timestamp's text, in UTC."""
    wire = found.wires["time"][0]
    moment = f"try_strptime({wire}, '{LOG_TIME}')"
    text = f"coalesce(strftime({moment}, '%Y-%m-%d %H:%M:%S+00'), {wire})"
    return found.on(f"SELECT * REPLACE ({text} AS {wire}) FROM ({found.sql})")

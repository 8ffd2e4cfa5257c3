"""Parquet files as chunks of records, in types that the raw tables have.

What belongs here: reading in bounded memory, telling damage, texts that are not UTF-8. What does
not: nested values and names, which SQL takes care of (`resources.warehouse.file_relation`).
"""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from platform_assets.ingestion.compression import Unreadable
from resources.warehouse.file_relation import Bad, Chunk

ROWS = 50_000  # of one chunk
BYTES = 64 << 20  # of one chunk, judged by the row groups


def chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """Yield the rows of a Parquet file; `_line` is the number of the row.

    Raises:
        Unreadable: it is no Parquet, cut short or damaged.
    """
    first = 1
    try:
        file = pq.ParquetFile(stream)
        names = list(file.schema_arrow.names)
        for batch in file.iter_batches(_batch_rows(file)):
            columns = [_plain(column) for column in batch.columns]
            numbers = pa.array(np.arange(first, first + len(batch), dtype=np.int64))
            table = pa.table(columns, [f"c{n}" for n in range(len(names))])
            table = table.append_column("_line", numbers)
            first += len(batch)
            table, bad = _without_bad_text(table)
            yield Chunk(table, names, bad)
    except pa.ArrowException as error:
        raise Unreadable(f"not Parquet, or damaged: {error}") from error
    except OSError as error:
        if error.errno:
            raise
        raise Unreadable(f"damaged Parquet: {error}") from error


def _batch_rows(file: pq.ParquetFile) -> int:
    meta = file.metadata
    size = sum(meta.row_group(n).total_byte_size for n in range(meta.num_row_groups))
    wide = size / max(meta.num_rows, 1)
    return max(1, min(ROWS, int(BYTES / max(wide, 1))))


def _plain(column: pa.Array) -> pa.Array:
    """Return the column in a type that DuckDB reads."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _plain(column.dictionary_decode())
    if pa.types.is_null(kind) or pa.types.is_duration(kind):
        return column.cast(pa.string())
    if pa.types.is_float16(kind):
        return column.cast(pa.float32())
    if pa.types.is_decimal256(kind):
        return (
            column.cast(pa.decimal128(38, kind.scale))
            if kind.precision <= 38
            else pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
        )
    return column


def _without_bad_text(table: pa.Table) -> tuple[pa.Table, list[Bad]]:
    """Return the rows whose texts are UTF-8, which the format promises but no reader checks."""
    try:
        table.validate(full=True)
        return table, []
    except pa.ArrowInvalid:
        keep = np.array([_valid(table.slice(n, 1)) for n in range(len(table))])
    lines = table["_line"].filter(pa.array(~keep)).to_pylist()
    bad = [Bad(line, "invalid UTF-8 in a text", "") for line in lines]
    return table.filter(pc.cast(pa.array(keep), pa.bool_())), bad


def _valid(row: pa.Table) -> bool:
    try:
        row.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True

"""The same file through dlt's filesystem source into DuckDB; runs in dlt's own environment."""

import json
import sys
import time
from pathlib import Path


def main(file: Path, folder: Path) -> None:
    """Load `file` with dlt, pipelines and database below `folder`; print seconds and rows."""
    import dlt
    import duckdb
    from dlt.sources.filesystem import filesystem, read_jsonl

    source = filesystem(bucket_url=file.parent.as_uri(), file_glob=file.name) | read_jsonl()
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "dlt.duckdb")),
        dataset_name="raw",
    )
    started = time.perf_counter()
    pipeline.run(source.with_name("events"), write_disposition="append")
    seconds = time.perf_counter() - started
    with duckdb.connect(str(folder / "dlt.duckdb"), read_only=True) as connection:
        rows = connection.execute("SELECT count(*) FROM raw.events").fetchone()[0]
    print(json.dumps({"seconds": seconds, "rows": rows}))


main(Path(sys.argv[1]), Path(sys.argv[2]))

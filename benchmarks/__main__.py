"""`python -m benchmarks`: measure, print the tables. `--events` and `--times` make it shorter."""

import click

from benchmarks import fresh, full, ingestion


@click.command()
@click.argument("what", nargs=-1, type=click.Choice(["ingestion", "fresh", "full"]))
@click.option("--events", default=5_000_000, show_default=True, help="Events of the ingestion.")
@click.option(
    "--sizes",
    default="1000000,5000000,20000000",
    show_default=True,
    help="Events already there when 50,000 more land, for the time to fresh.",
)
@click.option("--times", default=3, show_default=True, help="Repeats of each measurement.")
def main(what: tuple[str, ...], events: int, sizes: str, times: int) -> None:
    """Measure WHAT: ingestion, fresh (time to fresh), full (full materialization); default: all."""
    wanted = what or ("ingestion", "full", "fresh")
    if "ingestion" in wanted:
        ingestion.run(events, times)
    if "full" in wanted:
        full.run(times)
    if "fresh" in wanted:
        fresh.run([int(size) for size in sizes.split(",")], times)


main()

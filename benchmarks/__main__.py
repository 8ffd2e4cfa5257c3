"""`python -m benchmarks`: measure, print the tables; every benchmark is a command of its own."""

import click

TIMES = click.option(
    "--times", default=3, show_default=True, help="Repeats of each measurement; the median counts."
)


class Sizes(click.ParamType[list[int]]):
    """Numbers of events, separated by commas."""

    name = "sizes"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[int]:
        """Return `1000000,5000000` as numbers."""
        if isinstance(value, list):
            return value
        try:
            return [int(size) for size in str(value).replace("_", "").split(",") if size]
        except ValueError:
            self.fail(f"{value!r} is no list of numbers such as 1000000,5000000.", param, ctx)


@click.group(invoke_without_command=True, context_settings={"max_content_width": 100})
@click.pass_context
def main(context: click.Context) -> None:
    """Measure the platform on this machine, beside what one would use instead, as ratios.

    Without a command: all of them, which takes hours, most of them for 20 million events. Files of
    events are made once; everything is written below `.data/bench`. Memory is the resident memory
    of all processes of a contender together, at its peak.

    \b
    Examples:
      python -m benchmarks ingestion --events 1000000
      python -m benchmarks fresh --sizes 1000000 --times 3
      python -m benchmarks fresh --sizes 100000 --landing 5000     in some minutes
    """
    if context.invoked_subcommand is None:
        for command in (ingestion, full, reports, catalog, fresh):
            context.invoke(command)


@main.command()
@click.option("--events", default=5_000_000, show_default=True, help="Events to load.")
@TIMES
def ingestion(events: int, times: int) -> None:
    """Load events from NDJSON and gz, against DuckDB's own reader and against dlt."""
    from benchmarks import ingestion as benchmark

    benchmark.run(events, times)


@main.command()
@click.option("--days", default=60, show_default=True, help="Days of the sample company.")
@click.option("--events-per-day", default=2_000, show_default=True, help="Its events of a day.")
@TIMES
def full(days: int, events_per_day: int, times: int) -> None:
    """Materialize everything from the landed files, against the models' SQL in bare DuckDB."""
    from benchmarks import full as benchmark

    benchmark.run(days, events_per_day, times)


@main.command()
@click.option(
    "--sizes", type=Sizes(), default="1000000,5000000,20000000", show_default=True,
    help="Events that are there already.",
)  # fmt: skip
@click.option("--landing", default=50_000, show_default=True, help="Events that land.")
@click.option(
    "--stock", type=Sizes(), default="1000000", show_default=True,
    help="Sizes at which the stock project is measured too; '' for none.",
)  # fmt: skip
@TIMES
def fresh(sizes: list[int], landing: int, stock: list[int], times: int) -> None:
    """Time to fresh: from the rename that lands a file to the report that shows it.

    Beside the platform, the same project on stock Dagster: default executor, sensors every 30
    seconds, dbt as a command.
    """
    from benchmarks import fresh as benchmark

    benchmark.run(sizes, times, stock, landing)


@main.command()
@click.option("--days", default=70, show_default=True, help="Days of the sample company.")
@click.option("--events-per-day", default=2_000, show_default=True, help="Its events of a day.")
@TIMES
def reports(days: int, events_per_day: int, times: int) -> None:
    """Make the five reports, and see a change of each in the preview."""
    from benchmarks import reports as benchmark

    benchmark.run(days, events_per_day, times)


@main.command()
@click.option("--assets", type=Sizes(), default="2000,10000", show_default=True)
@click.option("--columns", default=100_000, show_default=True, help="Columns of all assets.")
def catalog(assets: list[int], columns: int) -> None:
    """Search, pages, lineage and memory of the catalog, beside Dagster's own GraphQL."""
    from benchmarks import catalog as benchmark

    benchmark.run(assets, columns)


main()

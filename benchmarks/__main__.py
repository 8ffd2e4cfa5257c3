"""`python -m benchmarks`: measure, print the tables; every benchmark is a command of its own."""

from typing import Any

import click

TIMES = click.option(
    "--times", default=3, show_default=True, help="Repeats of each measurement; the median counts."
)


class Names(click.ParamType[list[str]]):
    """Names of engines, separated by commas."""

    name = "engines"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[str]:
        """Return `embedded,team` as names."""
        from benchmarks.lakes import LAKES

        if isinstance(value, list):
            return value
        names = [name for name in str(value).split(",") if name]
        for name in names:
            if name not in LAKES:
                self.fail(f"{name!r} is no engine: {', '.join(LAKES)}.", param, ctx)
        return names


def of_engines(default: str) -> Any:
    """Return the option that names engines."""
    return click.option(
        "--engines", type=Names(), default=default, show_default=True, help="Engines to measure."
    )


LAKES_ONLY = of_engines("embedded,team")  # with Spark, a lake is a team's all the same


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
        small = (ingestion, landing, full, reports, catalog, shared_catalog, automation, lineage)
        for command in (*small, lineage_out, received, demand, maintenance, crowd, fresh, engines):
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


@main.command()
@click.option("--keys", default=100_000, show_default=True, help="Objects that are there already.")
@click.option("--small", default=10_000, show_default=True, help="Small objects to load at once.")
def landing(keys: int, small: int) -> None:
    """Look for new objects among many in an object store, against listing all of them."""
    from benchmarks import landing as benchmark

    benchmark.run(keys, small)


@main.command()
@click.option("--minutes", default=10.0, show_default=True, help="How long they are at it.")
@click.option("--writers", default=8, show_default=True, help="Of different tables.")
@click.option("--readers", default=8, show_default=True)
@LAKES_ONLY
def crowd(minutes: float, writers: int, readers: int, engines: list[str]) -> None:
    """Writers and readers of one lake, all at once: commits, conflicts, errors, waiting."""
    from benchmarks import crowd as benchmark

    benchmark.run(minutes, writers, readers, engines)


@main.command()
@click.option("--backlog", default=2_000, show_default=True, help="Materializations to tell of.")
@TIMES
def lineage_out(backlog: int, times: int) -> None:
    """Send OpenLineage events of a backlog, and of a run while it goes on."""
    from benchmarks import lineage_out as benchmark

    benchmark.run(backlog, times)


@main.command()
@click.option("--commits", default=5_000, show_default=True, help="Commits of the lake.")
def maintenance(commits: int) -> None:
    """Query, attach and commit in a lake of thousands of commits, before and after maintenance."""
    from benchmarks import maintenance as benchmark

    benchmark.run(commits)


@main.command()
@click.option(
    "--sizes", type=Sizes(), default="20000000", show_default=True, help="Events to load and build."
)
@click.option("--landing", default=50_000, show_default=True, help="Events of the increment.")
@of_engines("embedded,team,spark")
def engines(sizes: list[int], landing: int, engines: list[str]) -> None:
    """Load the same events, build everything and an increment on each engine; compare the rows."""
    from benchmarks import engines as benchmark

    benchmark.run(sizes, landing, engines)


@main.command("shared-catalog")
@click.option("--days", default=60, show_default=True, help="Days of the sample company.")
@click.option("--events-per-day", default=2_000, show_default=True, help="Its events of a day.")
@TIMES
@LAKES_ONLY
def shared_catalog(days: int, events_per_day: int, times: int, engines: list[str]) -> None:
    """Attach, commit, query, build: a catalog in PostgreSQL against one in a file."""
    from benchmarks import shared_catalog as benchmark

    benchmark.run(days, events_per_day, times, engines)


@main.command()
@click.option("--assets", type=Sizes(), default="100,1000,10000", show_default=True)
@TIMES
def automation(assets: list[int], times: int) -> None:
    """Looks at conditions and sources, start and memory of a code location, by assets."""
    from benchmarks import automation as benchmark

    benchmark.run(assets, times)


@main.command()
@click.option("--models", default=2_000, show_default=True, help="Models to trace.")
@click.option("--scale", default=0.01, show_default=True, help="TPC-H's scale factor.")
@click.option("--rows", default=500, show_default=True, help="Rows of each of our own tables.")
def lineage(models: int, scale: float, rows: int) -> None:
    """Trace columns through many models; prove their lineage by running them on changed data."""
    from benchmarks import lineage as benchmark

    benchmark.run(models, scale, rows)


@main.command()
@click.option("--assets", type=Sizes(), default="2000,10000", show_default=True)
def demand(assets: list[int]) -> None:
    """Keep requests of 50 people at once, record views of pages, list what needs attention."""
    from benchmarks import demand as benchmark

    benchmark.run(assets)


@main.command()
@click.option("--events", default=4_000, show_default=True, help="Events to send, each way.")
def received(events: int) -> None:
    """Take OpenLineage events in over HTTP: one sender, eight, and in batches."""
    from benchmarks import received as benchmark

    benchmark.run(events)


main()

"""`platform-assets sample`: the command around the generator.

What belongs here: options, settings, progress and words. What does not: the generator itself.
"""

import signal
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

import click
from click.core import ParameterSource

from platform_assets.product.store import RecordStore
from platform_assets.sample import demand
from platform_assets.sample.config import SampleConfig, SampleError, today
from platform_assets.sample.follow import Landed, follow
from platform_assets.sample.generate import Sample, make
from platform_assets.sample.manifest import Manifest
from resources import object_store
from resources.settings import settings


@click.command()
@click.option("--days", default=70, show_default=True, help="Days of history before --end.")
@click.option(
    "--events-per-day",
    default=2000,
    show_default=True,
    help="Website and app events of a typical day, robots included; 80000 make 5 million.",
)
@click.option("--seed", default=42, show_default=True, help="Another seed is another company.")
@click.option(
    "--end",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    metavar="YYYY-MM-DD",
    help="First day without data (UTC).  [default: today, so that nothing lies in the future]",
)
@click.option("--follow", "live", is_flag=True, help="Go on landing new data until Ctrl-C.")
@click.option(
    "--interval", default=5.0, show_default=True, help="With --follow: seconds between files."
)
@click.option(
    "--rate", default=5.0, show_default=True, help="With --follow: events per second, about."
)
@click.pass_context
def sample(
    ctx: click.Context,
    days: int,
    events_per_day: int,
    seed: int,
    end: datetime | None,
    live: bool,
    interval: float,
    rate: float,
) -> None:
    """Make the data of a sample company, Fernweh, and let it land.

    Fernweh sells gear for the outdoors on a website and in an app. Its data: website and app
    events (Segment spec), the website's access log, weekly exports of two advertising services
    and of the support desk below the landing zone, and the shop's database in
    <data>/sample/shop.sqlite. Some of it is spoiled on purpose: duplicates, late events, torn
    lines, columns that come and go. How much of each is in <data>/sample/manifest.json. And what
    its people asked for and said in half a year, where nobody has asked for anything yet.

    The same options give the same bytes; files that are there already stay untouched, and
    nothing is ever deleted. Without --days and --end, a sample that is there grows until today.

    \b
    Examples:
      platform-assets sample
      platform-assets sample --days 7 --events-per-day 500
      platform-assets sample --follow            # and watch the sensors work
      platform-assets sample --events-per-day 80000   # about 5 million events
    """
    folder, shop_path = landing_place(settings().landing), settings().data / "sample/shop.sqlite"
    explicit = any(
        ctx.get_parameter_source(name) is not ParameterSource.DEFAULT for name in ("days", "end")
    )
    try:
        config = SampleConfig(days, events_per_day, seed, end.date() if end else today())
        if not explicit:
            config = grown(config, Manifest.read(shop_path.parent / "manifest.json"))
        made = _make(folder, shop_path, config)
    except (SampleError, OSError) as error:
        raise click.ClickException(str(error)) from error
    _tell(made)
    _ask(config)
    if live:
        _follow(made, shop_path, interval, rate)


def landing_place(url: str) -> Path | str:
    """Return where the sample lands: a local folder, or `s3://bucket/prefix`."""
    if object_store.is_object_store(url):
        return url
    url = url.removeprefix("file://")
    if "://" in url:
        raise click.ClickException(
            f"The sample lands in folders and s3:// only, and the landing zone is {url}. Set "
            "PLATFORM_LANDING_URL to one of these, or copy the files there yourself."
        )
    return Path(url)


def grown(config: SampleConfig, there: Manifest | None) -> SampleConfig:
    """Return the arguments that let a sample that is there grow until `config.end`."""
    if there is None or there.seed != config.seed or there.events_per_day != config.events_per_day:
        return config
    start = date.fromisoformat(there.start)
    end = max(config.end, date.fromisoformat(there.end))
    return SampleConfig((end - start).days, config.events_per_day, config.seed, end)


def _make(folder: Path | str, shop_path: Path, config: SampleConfig) -> Sample:
    """Make the sample behind a progress bar."""
    with click.progressbar(length=config.days, label="The company's days") as bar:
        return make(folder, shop_path, config, lambda done, days: bar.update(1))


def _tell(made: Sample) -> None:
    """Print what landed and what was planted."""
    manifest = made.manifest
    click.echo(f"{'source':16} {'files':>6} {'records':>9} {'duplicates':>10} {'bad':>5} rejected")
    for name, planted in manifest.sources().items():
        again = planted.duplicates_within_file + planted.duplicates_across_files
        rejected = sum(planted.files_rejected.values()) + planted.files_duplicate
        click.echo(
            f"{name:16} {planted.files:6} {planted.records:9,} {again:10,} "
            f"{sum(planted.quarantined.values()):5} {rejected} files"
        )
    shop = manifest.shop
    click.echo(
        f"shop             {shop.orders:,} orders, EUR {shop.revenue_cents / 100:,.2f}, "
        f"{shop.customers:,} customers"
    )
    click.echo(
        f"{manifest.start} to {manifest.end} in {made.folder.root}: {made.folder.written} files "
        f"written, {made.folder.untouched} there already."
    )


def _ask(config: SampleConfig) -> None:
    """Put the company's requests and feedback into a store that is empty."""
    records, store = demand.records(config.end), RecordStore.from_settings()
    try:
        put = store.seed(records)
    finally:
        store.close()
    asked = f"{len(records.requests)} requests, {len(records.feedback)} times feedback"
    click.echo(f"demand           {asked if put else 'is there already: nothing is added'}")


def _follow(made: Sample, shop_path: Path, interval: float, rate: float) -> None:
    """Land live data until Ctrl-C or a polite kill; the step that runs is finished."""
    stop = Event()

    def on_signal(number: int, frame: FrameType | None) -> Any:
        stop.set()

    before = {name: signal.signal(name, on_signal) for name in (signal.SIGINT, signal.SIGTERM)}
    click.echo(f"New data lands every {interval:g} seconds. Ctrl-C stops.")
    try:
        follow(made, shop_path, stop, interval=interval, per_second=rate, report=_report)
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
    click.echo("Stopped; --follow goes on from here.")


def _report(landed: Landed) -> None:
    """Print one line of what has landed."""
    clock = datetime.fromtimestamp(landed.at / 1000, UTC).strftime("%H:%M:%S")
    click.echo(
        f"{clock}Z  {landed.events:5} events  {landed.requests:5} requests  "
        f"{landed.orders:3} orders  {landed.customers:3} new customers"
    )

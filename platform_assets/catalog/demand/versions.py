"""Which versions of an asset there are: what feedback is on, and what answers a request.

What belongs here: their names and times, newest first; whether one is there. What does not: what a
version holds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import dagster as dg

from platform_assets.catalog.catalog import View
from platform_assets.catalog.demand.forms import Absent, Unknown
from platform_assets.catalog.present import Facts, asset_url, moment
from platform_assets.inventory.model import Asset
from platform_assets.reporting import versions
from platform_assets.reporting.archive import Archive
from resources.errors import PlatformError

EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
OFFERED = 20
TOLD = 3  # of the newest, where another one was meant
LONGEST = 60  # characters of a version that is none, as they are told


def versions_of(
    view: View, instance: dg.DagsterInstance, reports: Archive | None, asset: Asset
) -> list[Facts]:
    """Return the newest versions, newest first: name, when it was made (ISO), address.

    A report's version has a name of its own; a table's is the time of its materialization.
    """
    if asset.kind == "report":
        names = reports.names(asset.name) if reports else []
        return [_of_report(asset, name) for name in names[:OFFERED]]
    if asset.kind in ("external", "record"):
        return []
    key = dg.AssetKey(asset.key.split("/"))
    times = [
        datetime.fromtimestamp(record.timestamp, UTC)
        for record in instance.fetch_materializations(key, limit=OFFERED).records
    ]
    known = times or [at for at in [view.status(asset.key).made_at] if at is not None]
    url = asset_url(asset.key)
    return [{"name": moment(at), "made_at": moment(at), "url": url} for at in known]


def version_named(
    view: View,
    instance: dg.DagsterInstance,
    reports: Archive | None,
    asset: Asset,
    version: str,
) -> str:
    """Return the name of a version that somebody means; "" of what has none yet.

    Every version that there is may be meant, however old; a table's in any zone.

    Raises:
        Absent: there is no such version, or none is named though there are some.
        Unknown: it can't be known now: what keeps them can't be reached.
    """
    try:
        found = version and _find(view, instance, reports, asset, version)
        there = [] if found else versions_of(view, instance, reports, asset)
    except PlatformError as error:
        raise Unknown(f"Nobody can tell now which versions there are. {error.message}") from error
    if found or not (version or there):
        return found
    raise _absent(asset, version, [str(each["name"]) for each in there])


def offered(asset: Asset, name: str) -> Facts:
    """Return a version that there is as `versions_of` returns it."""
    if asset.kind == "report":
        return _of_report(asset, name)
    return {"name": name, "made_at": name, "url": asset_url(asset.key)}


def _find(
    view: View, instance: dg.DagsterInstance, reports: Archive | None, asset: Asset, version: str
) -> str:
    """Return the name of a version if it is there; else ""."""
    if asset.kind == "report":
        return version if reports and version in reports.names(asset.name) else ""
    at = _second(version)
    if at is None or asset.kind in ("external", "record"):
        return ""
    made = view.status(asset.key).made_at
    if made is not None and moment(made) == moment(at):
        return str(moment(at))
    within = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey(asset.key.split("/")),
        after_timestamp=at.timestamp() - 1e-6,  # both ends are left out
        before_timestamp=at.timestamp() + 1,
    )
    found = instance.fetch_materializations(within, limit=1).records
    return str(moment(at)) if found else ""


def _second(version: str) -> datetime | None:
    """Return the second that a table's version names, if it is one that Dagster may know of."""
    try:
        at = datetime.fromisoformat(version)
        known = at.tzinfo is not None and EPOCH <= at <= datetime.now(UTC) + timedelta(days=1)
        return at.astimezone(UTC).replace(microsecond=0) if known else None
    except (ValueError, OverflowError):
        return None


def _absent(asset: Asset, version: str, there: Sequence[str]) -> Absent:
    """Return the refusal of a version, with those that there are."""
    named = version[:LONGEST] + ("…" if len(version) > LONGEST else "")
    lately = ", ".join(there[:TOLD])
    if not there:
        return Absent(
            f"There is no version {named} of {asset.label}: it was not made yet.",
            hint="Send it as it is now: what you say is then on the idea of it.",
        )
    told = f"The newest {'are' if len(there[:TOLD]) > 1 else 'is'} {lately}."
    if not version:
        return Absent(
            f"It does not say which version of {asset.label} it is on. {told}",
            hint="Choose one, then send it again.",
        )
    return Absent(
        f"There is no version {named} of {asset.label}. {told}",
        hint="Choose one, or name an older one that is there, then send it again.",
    )


def newest(view: View, instance: dg.DagsterInstance, reports: Archive | None, asset: Asset) -> str:
    """Return the name of the newest version; "" where there is none."""
    found = versions_of(view, instance, reports, asset)
    return str(found[0]["name"]) if found else ""


def version_url(asset: Asset, version: str) -> str:
    """Return the path of a version's page: of a report that of then, of a table that of now."""
    if asset.kind == "report" and versions.NAME.match(version):
        return f"/files/reports/{quote(asset.name)}/{version}/index.html"
    return asset_url(asset.key)


def _of_report(asset: Asset, name: str) -> Facts:
    made = moment(versions.made(name))
    return {"name": name, "made_at": made, "url": version_url(asset, name)}

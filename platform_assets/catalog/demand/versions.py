"""Which versions of an asset there are: what feedback is on, and what answers a request.

What belongs here: their names and times, newest first. What does not: what a version holds.
"""

from datetime import UTC, datetime
from urllib.parse import quote

import dagster as dg

from platform_assets.catalog.catalog import View
from platform_assets.catalog.present import Facts, asset_url, moment
from platform_assets.inventory.model import Asset
from platform_assets.reporting import versions
from platform_assets.reporting.archive import Archive

OFFERED = 20


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

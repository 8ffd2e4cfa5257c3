"""The recorder of this web server: where its files are, which assets there are, and its key.

What belongs here: binding the room `usage` to the settings, the catalog and Dagster's instance.
What does not: recording (`platform_assets.usage`).
"""

import secrets
from collections.abc import Mapping

from dagster import DagsterInstance

from platform_assets.catalog.catalog import Catalog
from platform_assets.inventory.model import Graph
from platform_assets.usage.delivery import Delivery
from platform_assets.usage.people import People
from platform_assets.usage.recorder import Recorder
from platform_assets.usage.roll_call import RollCall
from platform_assets.usage.spool import Spool
from resources.settings import Settings

KEY = "platform/usage/key"
LOOKED_AT = ("report", "table", "source")  # kinds of asset that are there to be looked at
UNCOUNTED = ("record",)  # kinds that say something of an asset, and are not made from it


def recorder(s: Settings, catalog: Catalog, instance: DagsterInstance) -> Recorder | None:
    """Return what records usage; None where `PLATFORM_USAGE` switches that off."""
    if not s.usage:
        return None
    folder = s.data / "usage"
    return Recorder(
        Spool(folder / "waiting"),
        Delivery(s.landing),
        People(s.user_header, lambda: key_of(instance)),
        RollCall(folder / "listed.json", lambda: listed(catalog.view().graph)),
    )


def listed(graph: Graph) -> Mapping[str, int]:
    """Return of each asset that people look at how many others are made from it."""
    return {
        key: sum(graph.assets[child].kind not in UNCOUNTED for child in graph.children[key])
        for key, asset in graph.assets.items()
        if asset.kind in LOOKED_AT
    }


def key_of(instance: DagsterInstance) -> bytes:
    """Return the secret behind the digests of people, made at the first call.

    It lies in Dagster's own storage: all web servers of a team have the same one, and nobody who
    reads the warehouse can reach it.
    """
    storage = instance.run_storage
    if KEY not in storage.get_cursor_values({KEY}):
        storage.set_cursor_values({KEY: secrets.token_hex(32)})
    return bytes.fromhex(storage.get_cursor_values({KEY})[KEY])

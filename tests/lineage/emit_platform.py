"""The small platform with the sensor that sends its events, for a daemon to load."""

import dagster as dg

from platform_assets.lineage.openlineage.emit.sensor import openlineage_sensor
from resources.warehouse import Warehouse
from tests.lineage import emitting

defs = dg.Definitions.merge(
    emitting.DEFINITIONS,
    dg.Definitions(
        sensors=[
            openlineage_sensor(
                Warehouse.from_settings(),
                emitting.SOURCES,
                lambda _nodes: emitting.LINEAGE,
                lambda _nodes: [emitting.STATEMENT],
            )
        ]
    ),
)

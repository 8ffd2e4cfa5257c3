"""What the catalog does while nobody asks: reads news before they are asked for, counts once a day.

What belongs here: the one thread of the catalog. What does not: what it reads (`catalog`).
"""

import logging
import threading
import time

from platform_assets.catalog import tracing
from platform_assets.catalog.catalog import Catalog
from platform_assets.catalog.coverage import shares
from platform_assets.catalog.usage import Usage

LOOK_SECONDS = 5.0
SETTLES_SECONDS = 20.0  # a platform that starts has more urgent work than to have dbt compile
RECORD_SECONDS = 3600.0


def start(catalog: Catalog, usage: Usage) -> threading.Event:
    """Keep the catalog up in a thread of its own; it ends soon after the event is set.

    The index is there before the first search, and a change of the definitions is indexed before
    somebody asks.
    """
    stop = threading.Event()
    threading.Thread(target=_keep, args=(catalog, usage, stop), daemon=True).start()
    return stop


def _keep(catalog: Catalog, usage: Usage, stop: threading.Event) -> None:
    recorded, started = -RECORD_SECONDS, time.monotonic()
    while not stop.is_set():
        try:
            view = catalog.view()
            if time.monotonic() - recorded > RECORD_SECONDS and view.graph.assets:
                usage.covered(shares(view))
                recorded = time.monotonic()
            if time.monotonic() - started > SETTLES_SECONDS or tracing.ready():
                catalog.trace()
        except Exception:
            logging.getLogger(__name__).warning("The catalog was not brought up.", exc_info=True)
        stop.wait(LOOK_SECONDS)

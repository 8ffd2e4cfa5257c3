"""What a command must know of the landing zone before it starts: it is there, and is it empty."""

from pathlib import Path

import fsspec

from platform_assets.usage.delivery import PLACE
from resources import object_store
from resources.errors import PlatformError
from resources.landing.objects import Objects
from resources.settings import Settings, settings

PATIENCE = 5.0  # seconds in which an object store must answer


def require_landing(s: Settings | None = None) -> bool:
    """Return whether the default landing zone is empty, so that sample data may land there.

    What the platform itself has recorded of its use is nobody's data.
    The default one is made if need be. Sample data never lands in a zone of the user's own.

    Raises:
        PlatformError: the landing zone that the settings name is not there, or cannot be reached.
    """
    s = s or settings()
    if not s.landing_url:
        folder = Path(s.landing)
        folder.mkdir(parents=True, exist_ok=True)
        return all(each.name == PLACE for each in folder.iterdir())
    if object_store.is_object_store(s.landing):
        Objects(s.landing).page("", "", PATIENCE)
        return False
    try:
        filesystem, path = fsspec.url_to_fs(s.landing)
        found = filesystem.isdir(path)
        reason = "there is no such folder"
    except Exception as error:
        found, reason = False, str(error) or type(error).__name__
    if not found:
        raise PlatformError(
            f"The landing zone {s.landing} does not exist: {reason}.",
            hint="Make it, or name another one with PLATFORM_LANDING_URL.",
        )
    return False

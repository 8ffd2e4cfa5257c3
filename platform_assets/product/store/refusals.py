"""Why the store does not do what somebody asks it to."""

from resources.errors import PlatformError


class Refused(PlatformError):
    """What was asked for is not allowed; nothing was written. The message says what to change."""


class Missing(PlatformError, KeyError):
    """There is no such record."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no {name}.", hint="Look for it in the list of its kind.")

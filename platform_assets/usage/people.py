"""Who used something, so that readers can be counted and nobody can be read off.

What belongs here: a name becomes a digest. What does not: what somebody may do, and the names that
people give themselves (`platform_assets.catalog.demand.person`): those are never looked at.
"""

import hashlib
import hmac
from collections.abc import Callable
from functools import cached_property

from platform_assets.usage.visits import Visit

LENGTH = 32  # hexadecimal digits


class People:
    """Digests of whom a sign-on in front of the server names; of nobody without one.

    Args:
        header: in which the sign-on names who is signed in; "" where there is none.
        key: returns the secret without which nobody can tell a name's digest; asked for once.
    """

    def __init__(self, header: str, key: Callable[[], bytes]) -> None:
        self._header = header
        self._make_key = key

    def digest(self, visit: Visit) -> str | None:
        """Return the digest of who came; None where no sign-on names them."""
        name = visit.header(self._header).strip().casefold() if self._header else ""
        if not name:
            return None
        return hmac.new(self._key, name.encode(), hashlib.sha256).hexdigest()[:LENGTH]

    @cached_property
    def _key(self) -> bytes:
        return self._make_key()

"""Events as they become text, with as little work as may be.

What belongs here: the form of facets and events that the client's `Serde` writes fastest, and a
session of HTTP that makes once what all requests share. What does not: what is told (`facets`,
`datasets`), when it counts as accepted (`delivery`).

To write an event, `Serde` makes dictionaries of its objects, goes through all of these for what is
None, and encodes the rest. Most of an event is what is so of an asset whenever it is made: that is
brought into its last form once. What is sent is the same to the letter.
"""

from typing import Any, cast

import attr
import requests
from openlineage.client.serde import Serde
from requests.utils import get_netrc_auth


class Prepared(dict[str, Any]):
    """A facet in its last form: no objects, nothing that is None, and tuples for lists.

    `Serde` looks into lists and not into tuples; as JSON both are the same.
    """


def prepared(facet: Any) -> Prepared:
    """Return a facet of the client's in its last form."""
    return Prepared(_fixed(Serde.to_dict(facet)))


def _fixed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _fixed(inner) for name, inner in value.items()}
    return tuple(map(_fixed, value)) if isinstance(value, list) else value


class AsText(dict[str, Any]):
    """An event as dictionaries, for a transport that writes it as text.

    It answers like the event itself to a transport that looks at it: which kind it is, its run.
    """

    def __init__(self, event: Any) -> None:
        super().__init__(_plain(event))
        self.event = event

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return self.event.__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self.event, name)


_names: dict[type, tuple[str, ...]] = {}


def _plain(value: Any) -> Any:
    """Return a value with dictionaries for objects; what is prepared is not looked into."""
    kind = type(value)
    if kind is str or kind is Prepared:
        return value
    if kind is dict:
        return {name: _plain(inner) for name, inner in value.items()}
    if kind is list:
        return [_plain(inner) for inner in value]
    names = _names.get(kind)
    if names is None:
        names = _names[kind] = tuple(a.name for a in attr.fields(kind)) if attr.has(kind) else ()
    return {name: _plain(getattr(value, name)) for name in names} if names else value


class Session(requests.Session):
    """A session for requests that differ in nothing but what they carry."""

    def __init__(self) -> None:
        super().__init__()
        self._like: tuple[Any, ...] = ()
        self._request: requests.PreparedRequest | None = None

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Return a request ready to be sent: a copy of the last one, if it is another like it."""
        like = (request.method, request.url, request.auth, tuple((request.headers or {}).items()))
        others = request.files or request.json or request.params or request.cookies or self.cookies
        if others or not isinstance(request.data, str | bytes):
            return super().prepare_request(request)
        if self._request is None or like != self._like:
            self._request, self._like = super().prepare_request(request), like
        found = self._request.copy()
        found.prepare_body(request.data, None)
        return found


def share_what_requests_share(transport: Any) -> None:
    """Let an HTTP transport of the client's look at the environment once, not for every event.

    Proxies, bundles of certificates and `.netrc` are then those of this moment.
    """
    session = Session()
    found = session.merge_environment_settings(transport.url, {}, None, transport.verify, None)
    session.proxies, transport.verify = found["proxies"], found["verify"]
    session.auth = cast(Any, get_netrc_auth(transport.url))
    session.trust_env = False
    transport.session = session

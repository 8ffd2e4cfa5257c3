"""Signed requests to an object store, for what obstore can't ask for.

What belongs here: listing by exact beginnings of keys, and reading keys of any shape: obstore fails
to list a whole bucket for one key with an empty part (`a//b`). What does not: everything else; that
is obstore's (`object_store`), as is every store whose key the settings do not hold.
"""

import hashlib
import hmac
import os
import random
import time
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import urllib3

from resources.settings import settings

CONNECT_SECONDS, READ_SECONDS = 5.0, 60.0
SHORTEST = 2.0  # seconds in which a store must say something, however short the patience
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0  # seconds between two tries
BUSY = (408, 429, 500, 502, 503, 504)
NO_BODY = hashlib.sha256(b"").hexdigest()


class Refused(Exception):
    """An object store's answer that is an error.

    Args:
        status: of HTTP; 0 if there was no answer.
        code: S3's word for it, e.g. `NoSuchBucket`, or the name of what broke.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.status, self.code, self.message = status, code, message


def available() -> bool:
    """Whether the settings hold a key to sign with."""
    return bool(settings().s3_key)


def get(
    bucket: str,
    key: str,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    patience: float | None = None,
) -> bytes:
    """Return the body of a GET; try again for `patience` seconds while the store is busy or away.

    Args:
        key: the object's; empty for the bucket itself.
        patience: seconds; default: as the settings say.

    Raises:
        Refused: the store says no, or gives no whole answer in time.
    """
    s = settings()
    endpoint = (s.s3_endpoint or f"https://s3.{s.s3_region}.amazonaws.com").rstrip("/")
    path = f"/{bucket}" + (f"/{quote(key, safe='/~')}" if key else "")
    path = urlsplit(endpoint).path + path
    asked = "&".join(f"{k}={quote(v, safe='~')}" for k, v in sorted((query or {}).items()))
    until = time.monotonic() + (s.s3_patience if patience is None else patience)
    silence = READ_SECONDS if patience is None else min(max(patience, SHORTEST), READ_SECONDS)
    wait = FIRST_WAIT
    while True:
        signed = _signed(urlsplit(endpoint).netloc, path, asked, headers or {})
        try:
            return _ask(endpoint, f"{path}?{asked}" if asked else path, signed, silence)
        except Refused as refused:
            pause = wait * random.uniform(0.5, 1.0)
            retried = refused.status == 0 or refused.status in BUSY
            if not retried or time.monotonic() + pause > until:
                raise
        time.sleep(pause)
        wait = min(wait * 2, LONGEST_WAIT)


def _ask(endpoint: str, target: str, headers: Mapping[str, str], silence: float) -> bytes:
    """Return the body of one try; the store may be silent for so many seconds."""
    timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, silence), read=silence)
    try:
        answer = _pool(endpoint).urlopen(
            "GET", target, headers=headers, retries=False, redirect=False, timeout=timeout
        )
    except urllib3.exceptions.HTTPError as error:  # no connection, or one that broke
        reason = getattr(error, "reason", None) or error
        raise Refused(0, type(error).__name__, str(reason).rpartition(": ")[2][:200]) from None
    if answer.status in (200, 206):
        return bytes(answer.data)
    raise _refused(answer.status, answer.data)


def _refused(status: int, body: bytes) -> Refused:
    try:
        root = ElementTree.fromstring(body)
        code = root.findtext("{*}Code") or root.findtext("Code")
        message = root.findtext("{*}Message") or root.findtext("Message")
    except ElementTree.ParseError:
        code = message = None
    return Refused(status, code or f"HTTP {status}", message or "")


@cache
def _pool(endpoint: str) -> Any:
    """Return the connections to an endpoint; they are shared by all threads."""
    options: Any = {"maxsize": 32}
    parts = urlsplit(endpoint)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if proxy and not urllib.request.proxy_bypass(parts.netloc):
        return urllib3.ProxyManager(proxy, **options).connection_from_url(endpoint)
    return urllib3.connection_from_url(endpoint, **options)


# A fork that used its parent's connections would read answers that are not its own.
os.register_at_fork(after_in_child=_pool.cache_clear)


def _signed(host: str, path: str, query: str, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a GET with AWS's signature, version 4.

    See https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    """
    s = settings()
    now = datetime.now(UTC)
    day, moment = f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
    said = {**headers, "host": host, "x-amz-content-sha256": NO_BODY, "x-amz-date": moment}
    if token := s.s3_token.get_secret_value():
        said["x-amz-security-token"] = token
    names = ";".join(sorted(said))
    lines = "".join(f"{name}:{said[name]}\n" for name in sorted(said))
    request = "\n".join(["GET", path, query, lines, names, NO_BODY])
    scope = f"{day}/{s.s3_region}/s3/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{s.s3_secret.get_secret_value()}".encode()
    for part in (day, s.s3_region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", moment, scope, digest])
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    said["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={s.s3_key}/{scope}, SignedHeaders={names}, "
        f"Signature={signature}"
    )
    return said

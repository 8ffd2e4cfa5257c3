"""Object stores: how one is reached, for obstore (files) and for DuckDB (tables).

What belongs here: addresses, keys and their two notations. What does not: what lies in a bucket
(`landing`, `warehouse`).
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from resources import object_errors
from resources.errors import PlatformError
from resources.s3_requests import Refused
from resources.settings import settings

SCHEMES = ("s3",)


def is_object_store(url: str) -> bool:
    """Whether `url` names a place in an object store."""
    return url.partition("://")[0] in SCHEMES and "://" in url


def split(url: str) -> tuple[str, str]:
    """Return bucket and prefix (without slashes around it) of `s3://bucket/prefix`.

    Raises:
        PlatformError: there is no bucket in it.
    """
    parts = urlsplit(url)
    if not parts.netloc:
        raise PlatformError(f"{url!r} names no bucket.", hint="Write s3://<bucket>/<prefix>.")
    return parts.netloc, parts.path.strip("/")


def store(url: str, patience: float | None = None) -> Any:
    """Return the obstore store of the bucket and prefix that `url` names.

    Keys that the settings do not give are looked for as AWS's own tools do: a machine's role, say.

    Args:
        patience: seconds for which a request is tried again; default: as the settings say.

    Raises:
        PlatformError: the URL names no bucket.
    """
    from obstore.store import S3Store

    s, (bucket, prefix) = settings(), split(url)
    config: Any = {"region": s.s3_region}
    if s.s3_key:
        config["access_key_id"] = s.s3_key
        config["secret_access_key"] = s.s3_secret.get_secret_value()
    if s.s3_token.get_secret_value():
        config["session_token"] = s.s3_token.get_secret_value()
    if s.s3_endpoint:
        config["endpoint"] = s.s3_endpoint
        config["virtual_hosted_style_request"] = False
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=config,
        # A body may take as long as it comes: what counts is that something does.
        client_options={
            "allow_http": s.s3_endpoint.startswith("http://"),
            "connect_timeout": "5s",
            "read_timeout": "60s",
            "timeout": "1h",
        },
        retry_config={
            "max_retries": 1000,  # time is the limit
            "retry_timeout": timedelta(seconds=s.s3_patience if patience is None else patience),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=5),
                "base": 2,
            },
        },
    )


def duckdb_secret(url: str) -> dict[str, str | bool]:
    """Return the parameters of the DuckDB secret that opens what lies below `url`.

    Raises:
        PlatformError: the URL names no bucket.
    """
    s, (bucket, _) = settings(), split(url)
    found: dict[str, str | bool] = {
        "TYPE": "s3",
        "SCOPE": f"s3://{bucket}",
        "REGION": s.s3_region,
        "KEY_ID": s.s3_key,
        "SECRET": s.s3_secret.get_secret_value(),
        "SESSION_TOKEN": s.s3_token.get_secret_value(),
    }
    if s.s3_endpoint:
        address = urlsplit(s.s3_endpoint)
        found["ENDPOINT"] = address.netloc
        found["URL_STYLE"] = "path"
        found["USE_SSL"] = address.scheme != "http"
    return {name: value for name, value in found.items() if value != ""}


def duckdb_patience(most: float = math.inf) -> dict[str, float]:
    """Return DuckDB's settings with which it, too, tries a request again for as long as said.

    The pauses begin with a tenth of a second, and each is half as long again as the one before.

    Args:
        most: seconds; default: as the settings say.
    """
    first, growth = 0.1, 1.5
    seconds = min(most, settings().s3_patience)
    tries = math.log(1 + seconds * (growth - 1) / first, growth)
    return {
        "http_retries": math.ceil(tries),
        "http_retry_wait_ms": first * 1000,
        "http_retry_backoff": growth,
    }


def environment() -> dict[str, str]:
    """Return the settings of the object store as variables, for a process that inherits none."""
    s = settings()
    found = {
        "AWS_ENDPOINT_URL": s.s3_endpoint,
        "AWS_REGION": s.s3_region,
        "AWS_ACCESS_KEY_ID": s.s3_key,
        "AWS_SECRET_ACCESS_KEY": s.s3_secret.get_secret_value(),
        "AWS_SESSION_TOKEN": s.s3_token.get_secret_value(),
    }
    return {name: value for name, value in found.items() if value}


@contextmanager
def explained(url: str, setting: str = "") -> Iterator[None]:
    """Tell what an object store answers in one line, with the way out.

    Args:
        setting: what names the URL, for the way out.

    Raises:
        PlatformError: it failed; it has been tried for some time then.
    """
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, Refused) as error:
        raise object_errors.told(error, url, setting) from None

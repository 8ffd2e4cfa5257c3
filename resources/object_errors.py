"""What an object store's errors mean to people: one line, and the way out.

What belongs here: S3's words for what went wrong, and those of obstore. What does not: when a
request is tried again (`object_store`, `s3_requests`), and any key: none is ever told.
"""

import re

from resources.errors import PlatformError
from resources.s3_requests import BUSY, Refused
from resources.settings import settings

_KEY = "See that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are a key to {store}."
_TELLS: dict[str, tuple[str, str]] = {
    "InvalidAccessKeyId": ("the key AWS_ACCESS_KEY_ID is not known there", _KEY),
    "SignatureDoesNotMatch": ("AWS_SECRET_ACCESS_KEY does not fit AWS_ACCESS_KEY_ID", _KEY),
    "ExpiredToken": ("AWS_SESSION_TOKEN has expired", "Set a new key and token."),
    "InvalidToken": ("AWS_SESSION_TOKEN is not valid", "Set a new key and token, or no token."),
    "AccessDenied": (
        "the key may not do that there",
        "Give the key of AWS_ACCESS_KEY_ID the right to list the bucket and to read its objects "
        "(s3:ListBucket, s3:GetObject; s3:PutObject to write).",
    ),
    "NoSuchBucket": ("there is no such bucket", "Make the bucket{or_setting}."),
    "PermanentRedirect": ("the bucket is in another region", "Set AWS_REGION to the bucket's."),
    "AuthorizationHeaderMalformed": ("the region is wrong", "Set AWS_REGION to the bucket's."),
    "RequestTimeTooSkewed": (
        "this machine's clock and the store's are too far apart",
        "Set this machine's clock.",
    ),
    "InvalidPath": (  # obstore's own word
        "a key in it has an empty part, or one that no folder may be named",
        "Rename that object, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: with a key of its "
        "own the platform reads what a machine's role can't. The store has: {said}",
    ),
    "InvalidObjectState": (
        "the object lies in an archive and can't be read from there",
        "Restore the object, or move it out of the landing zone.",
    ),
}
_GONE = "No request came through: see that {store} runs and can be reached (AWS_ENDPOINT_URL)."
_AGAIN = "Nothing is lost: what could not be done now is done by the next look, or the next run."
_OTHER = "See what {store} says of it; AWS_ENDPOINT_URL, AWS_REGION and the key are its settings."


def told(error: Exception, url: str, setting: str = "") -> PlatformError:
    """Return the error to show for what obstore or a signed request raised.

    Args:
        url: the place in the object store.
        setting: what names it.
    """
    refused = error if isinstance(error, Refused) else _parsed(error)
    store = settings().s3_endpoint or "Amazon S3"
    or_setting = f", or set {setting} to another" if setting else ""
    subject = f"The landing zone {url}" if setting == "PLATFORM_LANDING_URL" else url
    if refused.code in _TELLS:
        reason, hint = _TELLS[refused.code]
    elif refused.status in (401, 403):
        reason, hint = _TELLS["AccessDenied"]
    elif refused.status == 0:
        reason, hint = f"{store} does not answer ({refused})", f"{_GONE} {_AGAIN}"
    elif refused.status in BUSY:
        tried = f"for {settings().s3_patience:g} seconds (PLATFORM_S3_PATIENCE)"
        reason, hint = f"{store} is busy or broken: {refused}", f"It was tried {tried}. {_AGAIN}"
    else:
        reason, hint = f"{store} says {refused}", _OTHER
    return PlatformError(
        f"{subject} can't be used: {reason}.",
        hint=hint.format(store=store, or_setting=or_setting, said=refused.message),
    )


def _parsed(error: Exception) -> Refused:
    """Return what obstore wrapped in its whole story."""
    text = str(error).split("\n\nDebug source")[0]
    status = re.search(r"status code: (\d{3})", text)
    code = re.search(r"<Code>([^<]*)</Code>", text)
    message = re.search(r"<Message>([^<]*)</Message>", text)
    if status:
        said = code[1] if code else f"HTTP {status[1]}"
        return Refused(int(status[1]), said, message[1] if message else "")
    broken = re.search(r"HTTP error: ([^\n]*)", text)
    if broken:
        return Refused(0, "the connection broke", broken[1][:200])
    kind = type(error).__name__.removesuffix("Error")
    return Refused(500 if "timed out" in text else 400, kind, " ".join(text.split())[:300])

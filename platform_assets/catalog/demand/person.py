"""Who somebody is: whom a sign-on in front of the server names, else who they say they are.

What belongs here: the header, the cookie, the field of a form. What does not: what somebody may do;
nobody is kept from anything by a name that they can choose.
"""

import unicodedata
from collections.abc import Mapping
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from resources.errors import PlatformError
from resources.settings import settings

FIELD = "who"
LONGEST = 120  # characters
YEAR = 365 * 86_400  # seconds


def who(request: Request, form: Mapping[str, str] | None = None) -> str:
    """Return the name or address of who sent a request; "" where it is not known.

    Where `PLATFORM_USER_HEADER` is set, only that header is believed: a cookie or a field can be
    made up. Elsewhere the field `who` of a form counts before the cookie.
    """
    if signed_on():
        return _clean(_header(request.headers.get(settings().user_header, "")))
    return _clean((form or {}).get(FIELD, "")) or _clean(unquote(request.cookies.get(FIELD, "")))


def named(request: Request, form: Mapping[str, str]) -> str:
    """Return who sent a form.

    Raises:
        PlatformError: nobody is named.
    """
    found = who(request, form)
    if not found and signed_on():
        raise PlatformError(
            f"Nobody is signed in: the header {settings().user_header} is missing.",
            hint="Sign in, then send it again.",
        )
    if not found:
        raise PlatformError("It does not say who you are.", hint="Fill in your name, then send it.")
    return found


def signed_on() -> bool:
    """Return whether a sign-on says who somebody is, so that nobody need be asked."""
    return bool(settings().user_header)


def same(one: str, other: str) -> bool:
    """Return whether two names are one person's, whatever their case."""
    return bool(one) and one.casefold() == other.casefold()


def remember(response: Response, request: Request, name: str) -> None:
    """Have the browser say next time who it is; pages can't read it, other sites can't send it."""
    if signed_on() or not name or unquote(request.cookies.get(FIELD, "")) == name:
        return
    secure = request.url.scheme == "https"
    response.set_cookie(
        FIELD, quote(name), YEAR, path="/", secure=secure, httponly=True, samesite="lax"
    )


def _header(value: str) -> str:
    """Return a header as it was meant: Starlette reads Latin-1, proxies write UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return value


def _clean(text: str) -> str:
    """Return a name on one line, without what can't be seen, however its accents were typed."""
    composed = unicodedata.normalize("NFC", text)
    shown = "".join(c for c in composed if not unicodedata.category(c).startswith("C"))
    return " ".join(shown.split())[:LONGEST]

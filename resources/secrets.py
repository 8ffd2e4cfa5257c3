"""Passwords and keys, and how text that may hold one is shown.

What belongs here: the form of a URL or of a message that people may see. What does not: which
secrets there are (`settings`), and where text leaves the process (`platform_assets.server.guard`).
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"
# What is shorter, or a plain word, is hidden inside URLs only: bare, it may be part of anything.
SHORTEST = 8
_URL = re.compile(r"""(?P<before>[A-Za-z][\w+.-]*://[^\s:/@"'\\]*:)[^\s/"'\\]*@""")
_ARGUMENT = re.compile(
    r"""(?P<before>(?:\bpass(?:word|wd)|;token)\s*=\s*)(?:'[^'\\]*'|[^\s,;&)'"\\]+)""", re.I
)


def shown(url: str) -> str:
    """Return `url` without its password and without its query: the only form to be shown.

    What is no URL loses all that stands before its last `@`.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return (f"{HIDDEN}@" if "@" in url else "") + url.rpartition("@")[2].partition("?")[0]
    account, at, place = rest.partition("?files=")[0].rpartition("@")
    user, colon, _ = account.partition(":")
    return f"{scheme}://{user}{colon and ':' + HIDDEN}{at}{place}".partition("?")[0]


def password_of(text: str) -> str:
    """Return the password, or Spark's token, of the URL that `text` is, as written; "" for none."""
    found = re.match(r"[A-Za-z][\w+.-]*://[^\s:/@]*:(?P<password>[^\s]*)@[^@]*$", text)
    found = found or re.match(r"sc://\S*;token=(?P<password>[^;\s]+)", text)
    return found["password"] if found else ""


def redacted(text: str, secrets: Iterable[str]) -> str:
    """Return `text` without passwords: those of URLs and arguments, and `secrets` anywhere.

    Args:
        text: prose, a log record, or JSON, which stays JSON.
        secrets: in clear; found as they are, percent-encoded, escaped for JSON and for SQL.
    """
    if "://" in text and "@" in text:  # looked for first: most text holds neither
        text = _URL.sub(rf"\g<before>{HIDDEN}@", text)
    if "pass" in text.lower() or ";token" in text:
        text = _ARGUMENT.sub(rf"\g<before>{HIDDEN}", text)
    for form in _forms(frozenset(secrets)):
        if form in text:
            text = text.replace(form, HIDDEN)
    return text


@lru_cache(maxsize=8)
def _forms(secrets: frozenset[str]) -> tuple[str, ...]:
    """Return every form in which text may hold one of the secrets, the longest first."""
    forms: set[str] = set()
    for written in secrets:
        for secret in {written, unquote(written)}:
            if len(secret) < SHORTEST or secret.isalpha():
                continue
            forms |= {
                secret,
                quote(secret, safe=""),
                quote(secret),
                quote_plus(secret),
                secret.replace("'", "''"),
                repr(secret)[1:-1],
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
            }
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))

"""Forms: who sends one, what its fields mean, and where its sender goes on.

What belongs here: HTTP of everything that changes a record. What does not: what is changed
(`actions`), how a form looks (`templates`), what is allowed (`product.store`).

A form that can't be taken comes back with what was in it and the reason, so that nothing that
somebody wrote is lost.
"""

import logging
import math
from collections.abc import Callable, Mapping
from datetime import date

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from platform_assets.catalog import answers
from platform_assets.catalog.demand import person
from platform_assets.catalog.pages import Missing
from platform_assets.catalog.present import Facts
from platform_assets.product.store import Missing as NoRecord
from platform_assets.product.store import Refused
from resources.errors import PlatformError

MOST_BYTES = 64_000
Form = Mapping[str, str]
Work = Callable[[Request, Form, str], str]  # with who sent it, to the address to go on at
Again = Callable[[Request, Form, str, int], Response]  # with what is wrong, and its status


class Unclear(PlatformError):
    """A field of a form that can't be read. The message says which, and what it should be."""

    status = 400


class Absent(Unclear):
    """A field of a form that names what is not there. The message says what there is."""

    status = 422


class Unknown(PlatformError):
    """What a form takes can't be asked for now. The message says what does not answer."""


class Forms:
    """Makes routes that take forms."""

    def __init__(self, site: answers.Site) -> None:
        self._site = site

    def route(self, path: str, work: Work, again: Again) -> Route:
        """Return the route of a form.

        Args:
            path: below `/catalog`.
            work: does what is asked for, and returns where to go on.
            again: shows the form anew, with what is wrong with it.
        """

        async def take(request: Request) -> Response:
            form = await answers.form(request, MOST_BYTES)
            answers.require_same_origin(request, form)
            return await run_in_threadpool(self._take, request, form, work, again)

        return Route(path, take, methods=["POST"])

    def _take(self, request: Request, form: Form, work: Work, again: Again) -> Response:
        who = person.who(request, form)
        if not who:
            return self._hold(request, form, "sign-on" if person.signed_on() else "name", 400)
        try:
            answer: Response = RedirectResponse(work(request, form, who), 303)
        except (Missing, NoRecord) as error:
            raise HTTPException(404, str(error)) from None
        except (Refused, Unclear) as error:
            answer = self._again(request, form, error, again)
        except Unknown as error:
            answer = self._hold(request, form, "answer", 503, error.message)
        except (PlatformError, SQLAlchemyError):
            logging.getLogger(__name__).warning("A form was not kept.", exc_info=True)
            answer = self._hold(request, form, "away", 503)
        person.remember(answer, request, who)
        return answer

    def _again(self, request: Request, form: Form, error: PlatformError, again: Again) -> Response:
        """Answer with the form and what is wrong with it; with what was in it, at the least."""
        status = error.status if isinstance(error, Unclear) else Unclear.status
        try:
            return again(request, form, str(error), status)
        except HTTPException as away:
            if away.status_code != 503:
                raise
            return self._hold(request, form, "away", 503)

    def _hold(
        self, request: Request, form: Form, missing: str, status: int, why: str = ""
    ) -> Response:
        """Answer with a page that holds all of a form, to be sent again.

        Args:
            missing: what it takes: a `name`, a `sign-on`, a store that is `away`, or an `answer`.
            why: there is no answer.
        """
        kept = {name: value for name, value in form.items() if name not in ("token", person.FIELD)}
        facts: Facts = {"kept": kept, "to": request.url.path, "missing": missing, "why": why}
        return self._site.html("mine_again", facts, self._site.catalog.view(), request, status)


def day(form: Form, name: str, label: str) -> date | None:
    """Return a field as a day; None where it is empty.

    Raises:
        Unclear: it is no day.
    """
    text = form.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Unclear(f"{label}: {text[:40]!r} is no day.", hint="Write 2026-01-31.") from None


def amount(form: Form, name: str, label: str) -> float | None:
    """Return a field as a number; None where it is empty.

    Raises:
        Unclear: it is no number.
    """
    text = form.get(name, "").strip().replace(",", ".")
    try:
        found = float(text) if text else None
    except ValueError:
        found = math.nan
    if found is not None and not math.isfinite(found):
        raise Unclear(f"{label}: {text[:40]!r} is no number.", hint="Write 3 or 0.5.")
    return found


def given(form: Form, *names: str) -> dict[str, str]:
    """Return what a form says of these fields; "" where it says nothing."""
    return {name: form.get(name, "").strip() for name in names}

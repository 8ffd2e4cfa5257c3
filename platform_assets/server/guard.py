"""The last look at text before it leaves a process: no password and no key that it knows is in it.

What belongs here: the places through which text leaves: logs, uncaught errors, Dagster's errors,
what is written to Dagster's database. What does not: what a secret looks like (`resources.secrets`)
and which there are (`resources.settings`). Whoever knows that text holds a secret hides it
(`shown`); this is for the text of libraries that nobody here has read.
"""

import logging
import sys
import threading
import traceback
from typing import Any

from sqlalchemy import event

from resources.secrets import redacted
from resources.settings import secret_values

_installed = False


def safe(text: str) -> str:
    """Return `text` without the secrets that this process knows."""
    return redacted(text, secret_values())


def install() -> None:
    """Guard the logs and the uncaught errors of this process, and Dagster's errors in it."""
    global _installed  # noqa: PLW0603 (what it wraps belongs to the process)
    if _installed:
        return
    _installed = True
    _guard_logs()
    sys.excepthook = _print_safely
    threading.excepthook = lambda failed: _print_safely(
        failed.exc_type, failed.exc_value, failed.exc_traceback
    )


def install_in_dagster() -> None:
    """Guard everything, in a process that has Dagster imported anyway."""
    install()
    from dagster_shared.error import SerializableErrorInfo

    if hasattr(SerializableErrorInfo, "guarded"):
        return
    found: Any = SerializableErrorInfo.from_traceback.__func__  # type: ignore[attr-defined]

    def from_traceback(cls: Any, told: traceback.TracebackException) -> Any:
        error = found(cls, told)
        return error._replace(
            message=safe(error.message), stack=[safe(frame) for frame in error.stack]
        )

    SerializableErrorInfo.from_traceback = classmethod(from_traceback)  # type: ignore[method-assign, assignment]
    SerializableErrorInfo.guarded = True  # type: ignore[attr-defined]


def guard_database(engine: Any) -> None:
    """Let nothing that holds a secret be written through an SQLAlchemy engine."""

    def look(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        if statement.lstrip()[:6].upper() in {"INSERT", "UPDATE"}:
            return statement, _safe_parameters(parameters, secret_values())
        return statement, parameters

    event.listen(engine, "before_cursor_execute", look, retval=True)


def _safe_parameters(parameters: Any, secrets: frozenset[str]) -> Any:
    if isinstance(parameters, str):
        return redacted(parameters, secrets)
    if isinstance(parameters, dict):
        return {name: _safe_parameters(value, secrets) for name, value in parameters.items()}
    if isinstance(parameters, (list, tuple)):
        return type(parameters)(_safe_parameters(value, secrets) for value in parameters)
    return parameters


def _guard_logs() -> None:
    make = logging.getLogRecordFactory()

    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        made = make(*args, **kwargs)
        try:
            words = made.getMessage()
            told = safe(words)
            if told != words:
                made.msg, made.args = told, ()
            if made.exc_info and made.exc_info[0] is not None:
                # What a formatter finds here it does not format again.
                made.exc_text = safe("".join(traceback.format_exception(*made.exc_info)).rstrip())
        except Exception:  # a record with wrong arguments is logging's to report
            return made
        return made

    logging.setLogRecordFactory(record)


def _print_safely(kind: Any, error: Any, trace: Any) -> None:
    print(safe("".join(traceback.format_exception(kind, error, trace))), end="", file=sys.stderr)

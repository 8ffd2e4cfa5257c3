"""Tests that take minutes: `make test-long` runs them, `make test` prints that it did not.

What belongs here: what is said of such a test. What does not: the tests themselves. Each has a
shorter one beside it that `make test` runs.
"""

import os

import pytest

LONG = os.environ.get("LONG_TESTS") == "true"


def long(why: str) -> pytest.MarkDecorator:
    """Return the mark of a test that only `make test-long` runs; `why` says what it takes."""
    return pytest.mark.skipif(not LONG, reason=f"{why}: make test-long")

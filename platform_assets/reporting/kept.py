"""Whether a version that somebody names is one of those that are kept.

What belongs here: telling one that is gone from one that nobody can know of. What does not: where
versions are kept (`archive`), how they are named (`versions`).
"""

from collections.abc import Callable, Sequence
from functools import cache

from platform_assets.reporting import versions
from platform_assets.reporting.archive import Archive

LAYER = "report"  # what keys of reports begin with


def lost_versions(reports: Archive) -> Callable[[str, str], Sequence[str] | None]:
    """Return what tells, of an asset's key and a version, whether that is gone.

    It returns the versions that there are instead, newest first; None where the version is there,
    or can't be known: reports keep theirs for ever, a table's is a moment in Dagster's log, which
    is cut off some day. Nor is known what was before the first version that is kept.

    Raises:
        PlatformError: the archive can't be reached; by what is returned.
    """
    names = cache(reports.names)

    def lost(key: str, version: str) -> Sequence[str] | None:
        layer, _, report = key.partition("/")
        there = names(report) if layer == LAYER else []
        if not there or version in there or _older(version, there[-1]):
            return None
        return there

    return lost


def _older(version: str, first: str) -> bool:
    named = versions.newest_first([version, first])
    return len(named) == 2 and named[1] == version

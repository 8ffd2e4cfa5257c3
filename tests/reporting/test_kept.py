"""A version that is gone is told from one that nobody can know of."""

from platform_assets.reporting.kept import lost_versions


class Kept:
    """An archive of one report."""

    def __init__(self, *names: str) -> None:
        self._names = list(names)

    def names(self, report: str) -> list[str]:
        return self._names if report == "revenue" else []


def test_reports_keep_their_versions_so_one_that_is_gone_is_seen() -> None:
    old, new = "2026-06-01T060000Z", "2026-06-03T060000Z"
    lost = lost_versions(Kept(new, old))  # type: ignore[arg-type]
    assert lost("report/revenue", old) is None and lost("report/revenue", new) is None
    assert lost("report/revenue", "2026-06-02T060000Z") == [new, old]
    assert lost("report/revenue", "yesterday") == [new, old]
    assert lost("report/revenue", "2025-06-02T060000Z") is None, "of before the first one"
    assert lost("report/none", "2026-06-02T060000Z") is None
    assert lost("marts/orders", "2026-06-02T060000Z") is None

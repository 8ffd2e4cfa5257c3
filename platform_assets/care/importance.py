"""What an asset matters: the objectives, reports, readers and assets that rest on it.

What belongs here: the sum, and what each thing counts in it. What does not: what is wrong
(`assets`, `records`).

    importance = 1 + 10 for each objective under way + 2 for each report
                   + looks in 90 days / 10, at most 10 + assets that depend on it / 5, at most 10
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from platform_assets.care.model import Sum, counted
from platform_assets.inventory.model import Graph
from platform_assets.product.kinds import KeyResult

BASE = 1.0
OBJECTIVE, REPORT = 10.0, 2.0  # an objective counts as much as all who look
LOOKS, DEPENDENTS = 10, 5  # that count as one
MOST = 10.0  # that looks, and that dependents, can add


class Importance:
    """The importance of every asset of a graph.

    Args:
        graph: the assets.
        looks: how often each was looked at in 90 days, by key.
        key_results: what the objectives are measured by.
        today: objectives whose time does not include this day do not count.
    """

    def __init__(
        self,
        graph: Graph,
        looks: Mapping[str, int],
        key_results: Sequence[KeyResult] = (),
        today: date = date.min,
    ) -> None:
        self._graph = graph
        reports = [a.key for a in graph.assets.values() if a.kind == "report"]
        self._reports = _behind(graph, dict.fromkeys(reports, 1))
        self._looks = _behind(graph, looks)
        self._objectives = _objectives(graph, key_results, today)

    def of(self, key: str, also: Iterable[str] = ()) -> Sum:
        """Return what an asset matters, to these objectives besides; 1 for what is no asset."""
        objectives = len({*self.objectives(key), *also})
        reports, looks = self._reports[key], self._looks[key]
        dependents = self._graph.importance.get(key, 0)
        return Sum.of(
            (BASE, ""),
            (OBJECTIVE * objectives, f"for {counted(objectives, 'objective')}"),
            (REPORT * reports, f"for {counted(reports, 'report')}"),
            (min(looks / LOOKS, MOST), f"for {counted(looks, 'look')}"),
            (min(dependents / DEPENDENTS, MOST), f"for {counted(dependents, 'dependent asset')}"),
        )

    def objectives(self, key: str) -> tuple[str, ...]:
        """Return the ids of the objectives under way that rest on an asset, sorted."""
        return tuple(sorted(self._objectives.get(key, ())))

    def looks(self, key: str) -> int:
        """Return how often an asset, and what rests on it, was looked at."""
        return self._looks[key]


def _behind(graph: Graph, amounts: Mapping[str, int]) -> Counter[str]:
    """Return for each asset the sum of the amounts of itself and of all that rests on it."""
    found: Counter[str] = Counter()
    for key, amount in amounts.items():
        if key in graph.assets and amount:
            for each in (key, *graph.upstream(key)):
                found[each] += amount
    return found


def _objectives(
    graph: Graph, key_results: Sequence[KeyResult], today: date
) -> Mapping[str, set[str]]:
    """Return the objectives under way behind each asset: through a key result, or its tables."""
    found: dict[str, set[str]] = defaultdict(set)
    for result in key_results:
        if not result.start <= today <= result.due:
            continue
        for key in (result.key, *result.tables):
            for each in (key, *graph.upstream(key)) if key in graph.assets else ():
                found[each].add(result.objective)
    return found

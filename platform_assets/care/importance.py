"""What an asset matters: the objectives, reports, readers and assets that rest on it.

What belongs here: the sum, and what each thing counts in it. What does not: what is wrong
(`assets`, `records`).

    importance = 1 + 10 for each objective under way + 2 for each report
                   + looks in 90 days / 10, at most 10 + assets that depend on it / 5, at most 10
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from platform_assets.care.model import Sum, counted
from platform_assets.inventory.model import Graph
from platform_assets.product.curated_kinds import KeyResult

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
        self._reports, self._looks = _behind(graph, dict.fromkeys(reports, 1), looks)
        self._objectives = _objectives(graph, key_results, today)

    def of(self, key: str, also: Iterable[str] = ()) -> Sum:
        """Return what an asset matters, to these objectives besides; 1 for what is no asset."""
        objectives = len({*self.objectives(key), *also})
        reports, looks = self._reports.get(key, 0), self.looks(key)
        dependents = self._graph.importance.get(key, 0)
        amounts = self._amounts(key, objectives)
        whys = (
            "",
            f"for {counted(objectives, 'objective')}",
            f"for {counted(reports, 'report')}",
            f"for {counted(looks, 'look')}",
            f"for {counted(dependents, 'dependent asset')}",
        )
        return Sum.of(*zip(amounts, whys, strict=True))

    def total(self, key: str) -> float:
        """Return what an asset matters, without saying why: for a drawing of thousands."""
        return sum(self._amounts(key, len(self._objectives.get(key, ()))))

    def objectives(self, key: str) -> tuple[str, ...]:
        """Return the ids of the objectives under way that rest on an asset, sorted."""
        return tuple(sorted(self._objectives.get(key, ())))

    def looks(self, key: str) -> int:
        """Return how often an asset, and what rests on it, was looked at."""
        return self._looks.get(key, 0)

    def _amounts(self, key: str, objectives: int) -> tuple[float, ...]:
        return (
            BASE,
            OBJECTIVE * objectives,
            REPORT * self._reports.get(key, 0),
            min(self.looks(key) / LOOKS, MOST),
            min(self._graph.importance.get(key, 0) / DEPENDENTS, MOST),
        )


def _behind(graph: Graph, *amounts: Mapping[str, int]) -> list[dict[str, int]]:
    """Return, of each of some amounts, their sums over each asset and all that rests on it.

    An asset counts once, however many ways lead to it: so what is reached is a set of bits, and a
    sum is put together from the binary digits of what its members amount to.
    """
    keys = dict.fromkeys(key for each in amounts for key in each)
    bits = {key: 1 << place for place, key in enumerate(k for k in keys if k in graph.assets)}
    reached = graph.gathered(bits)
    sums = []
    for each in amounts:
        digits: dict[int, int] = defaultdict(int)  # of each place in a number, who has it
        for key, amount in each.items():
            for place in range(amount.bit_length() if key in bits else 0):
                digits[place] |= bits[key] if amount >> place & 1 else 0
        sums.append(
            {
                key: sum((found & who).bit_count() << place for place, who in digits.items())
                for key, found in reached.items()
            }
        )
    return sums


def _objectives(
    graph: Graph, key_results: Sequence[KeyResult], today: date
) -> Mapping[str, set[str]]:
    """Return the objectives under way behind each asset: through a key result, or its tables."""
    under_way = [each for each in key_results if each.start <= today <= each.due]
    bits = {id_: 1 << n for n, id_ in enumerate({each.objective: None for each in under_way})}
    own: dict[str, int] = defaultdict(int)
    for result in under_way:
        for key in (result.key, *result.tables):
            own[key] |= bits[result.objective]
    return {
        key: {id_ for id_, bit in bits.items() if found & bit}
        for key, found in graph.gathered(own).items()
        if found
    }

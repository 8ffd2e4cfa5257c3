"""What experiments found about lineage, and the sums over many.

An edge is *proven* when its output changed with its source, *contradicted* when it never did though
the source was changed in every way, *untested* when the data had nothing to change. An output that
changed without an edge is a miss.

What does not belong here: the experiment (`experiment`), and its data (`laboratory`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from platform_assets.lineage.model import Source

PROVEN, CONTRADICTED, UNTESTED = "proven", "contradicted", "untested"
Pair = tuple[Source, str]  # a source, and an output column


@dataclass(frozen=True)
class Proof:
    """What an experiment found about one statement.

    Attributes:
        key: of the statement.
        verdicts: of every pair of source and output that has an edge.
        direct: those of them that have a direct edge.
        missed: pairs that have none, and the output changed.
        problem: why there was no experiment.
    """

    key: str
    verdicts: Mapping[Pair, str] = field(default_factory=dict)
    direct: frozenset[Pair] = frozenset()
    missed: tuple[Pair, ...] = ()
    problem: str = ""


def together(proofs: Iterable[Proof]) -> Proof:
    """Return what several experiments with one statement have shown: what any of them has.

    Args:
        proofs: at least one; of other data, or with other constants in the SQL.
    """
    every = list(proofs)
    shown = [one for one in every if not one.problem] or every
    order = (UNTESTED, CONTRADICTED, PROVEN)
    verdicts: dict[Pair, str] = {}
    for pair, verdict in (each for one in shown for each in one.verdicts.items()):
        verdicts[pair] = max(verdict, verdicts.get(pair, UNTESTED), key=order.index)
    return Proof(
        every[0].key,
        verdicts,
        frozenset().union(*(one.direct for one in shown)),
        tuple(sorted({pair for one in shown for pair in one.missed})),
        shown[0].problem,
    )


@dataclass(frozen=True)
class Score:
    """Sums over experiments. Untested edges count nowhere.

    Attributes:
        direct: of the pairs with a direct edge: proven and contradicted.
        indirect: of the pairs with indirect edges only: the same.
        missed: pairs that influence and have no edge.
    """

    direct: tuple[int, int]
    indirect: tuple[int, int]
    untested: int
    missed: int

    @classmethod
    def of(cls, proofs: Iterable[Proof]) -> "Score":
        """Return the sums over proofs."""
        counts = {(kind, v): 0 for kind in (True, False) for v in (PROVEN, CONTRADICTED, UNTESTED)}
        missed = 0
        for proof in proofs:
            missed += len(proof.missed)
            for pair, verdict in proof.verdicts.items():
                counts[pair in proof.direct, verdict] += 1
        return cls(
            (counts[True, PROVEN], counts[True, CONTRADICTED]),
            (counts[False, PROVEN], counts[False, CONTRADICTED]),
            counts[True, UNTESTED] + counts[False, UNTESTED],
            missed,
        )

    @property
    def recall(self) -> float:
        """Share of the influences found by running that have an edge."""
        proven = self.direct[0] + self.indirect[0]
        return proven / ((proven + self.missed) or 1)

    @property
    def recall_of_projection(self) -> float:
        """The same, if direct edges were all there are."""
        proven = self.direct[0] + self.indirect[0]
        return self.direct[0] / ((proven + self.missed) or 1)

    @property
    def precision(self) -> float:
        """Share of the tested edges that were proven."""
        proven, contradicted = (self.direct[i] + self.indirect[i] for i in (0, 1))
        return proven / ((proven + contradicted) or 1)

    @property
    def precision_by_kind(self) -> tuple[float, float]:
        """The same of direct edges, and of indirect ones."""
        direct, indirect = (kind[0] / (sum(kind) or 1) for kind in (self.direct, self.indirect))
        return direct, indirect

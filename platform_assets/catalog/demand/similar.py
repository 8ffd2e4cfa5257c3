"""What there is already of what somebody is about to ask for: reports, tables, requests.

What belongs here: what counts as like what is typed. What does not: the index of assets (`search`).
A sentence is no search: hardly anything has all of its words. What has the rarest ones comes first.
"""

import heapq
import math
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence

from rapidfuzz import fuzz, process

from platform_assets.catalog.catalog import View
from platform_assets.catalog.search import Index
from platform_assets.inventory.model import Asset
from platform_assets.product.kinds import Request

OFFERED = 4  # of each kind
MOST_WORDS = 10
EACH = 60  # matches of one word that are looked at
LOOKED_AT = 40  # requests that share the most words
LIKE = 62.0  # per cent from which two requests may be the same
FEW = 4  # words of which one in common is enough to look closer; two of more
RARE, SPELT = 3, 80.0  # requests that have a rare word; per cent of likeness of one misspelt
KINDS = ("report", "table")
RANKS = {"report": 1.3, "marts": 1.15, "staging": 0.7, "intermediate": 0.7}
_WORD = re.compile(r"\w{3,}")
_PLURAL = re.compile(r"(?<=\w{3}[^s])s\Z")
# Words of asking, and those that everything here has.
_IDLE_WORDS = """
    about all also and any are can could data each every figure figures for from get give has
    have how into its know like list many more much need needs number numbers our out over per
    please report see should show table than that the their them there these they this those us
    want was what when where which who why will with would you your day days week weeks weekly
    month monthly months daily
"""
_IDLE = frozenset(_IDLE_WORDS.split())


def words_of(text: str) -> list[str]:
    """Return the words that say what is asked for; an `s` that may make the plural is cut off."""
    found = [w for w in _WORD.findall(text.lower().replace("_", " ")) if w not in _IDLE]
    return list(dict.fromkeys(_PLURAL.sub("", word) for word in found))[:MOST_WORDS]


def assets_like(view: View, index: Index, text: str, use: Mapping[str, int]) -> list[Asset]:
    """Return reports and tables that may answer it, the likeliest first."""
    words = words_of(text)
    total = max(len(view.graph.assets), 1)
    weights: dict[str, float] = defaultdict(float)
    matched: dict[str, int] = defaultdict(int)
    for word in words:
        found, count = index.having(word, KINDS, EACH)
        rarity = math.log1p(total / max(count, 1))
        for place, key in enumerate(found):
            weights[key] += rarity / (1 + place / 10)
            matched[key] += 1
    enough = 1 if len(words) < 3 else 2
    likely = view.graph.having(key for key in weights if matched[key] >= enough)

    def rank(asset: Asset) -> tuple[float, float, str]:
        used = 1 + 0.25 * math.log1p(use.get(asset.key, 0))
        weight = weights[asset.key] * RANKS.get(asset.layer, 1.0) * used
        return (-matched[asset.key], -weight, asset.key)

    return sorted(likely, key=rank)[:OFFERED]


class Titles:
    """Requests by the words of their titles, to find those that ask for much the same.

    Thread-safe. An update looks only at what changed, and a search only at what shares a word, or
    one that may be a misspelling of it.
    """

    def __init__(self, requests: Sequence[Request] = ()) -> None:
        self._guard = threading.Lock()
        self._seen: Sequence[Request] = ()
        self._known: dict[int, tuple[Request, tuple[str, ...]]] = {}
        self._having: dict[str, set[int]] = {}
        self._near: dict[str, tuple[str, ...]] = {}
        self.update(requests)

    def update(self, requests: Sequence[Request]) -> None:
        """Bring it up to these requests, which are all there are."""
        with self._guard:
            if requests is self._seen:
                return
            words = len(self._having)
            numbers = {r.number for r in requests}
            for number in [number for number in self._known if number not in numbers]:
                self._drop(number)
            for r in requests:
                known = self._known.get(r.number)
                if known is None or known[0] is not r:
                    self._drop(r.number)
                    self._add(r)
            self._seen = requests
            if len(self._having) != words:
                self._near = {}

    def like(self, text: str, states: Container[str], but: Container[int] = ()) -> list[Request]:
        """Return requests in one of these states that ask for much the same, the likest first.

        Args:
            but: numbers of requests that are none of them.
        """
        words, found = words_of(text), []
        wanted = " ".join(words)
        with self._guard:
            for number in self._likely(words, states, but):
                r, theirs = self._known[number]
                bare = " ".join(theirs)
                # That one has all words of the other is half of it; what else it has, the other.
                half = fuzz.token_set_ratio(wanted, bare)
                score = (half + fuzz.token_sort_ratio(wanted, bare)) / 2 if half >= LIKE else 0
                if score >= LIKE:
                    found.append((-score, -number, r))
        return [r for _, _, r in sorted(found, key=lambda each: each[:2])[:OFFERED]]

    def _likely(
        self, words: Sequence[str], states: Container[str], but: Container[int]
    ) -> list[int]:
        """Return those that share most of the words, as far as words can tell."""
        shared: Counter[int] = Counter()
        for word in words:
            shared.update(self._with(word))
        enough, known = 1 if len(words) < FEW else 2, self._known
        likely = [
            number
            for number, same in shared.items()
            if same >= enough and known[number][0].state in states and number not in but
        ]

        def likeness(number: int) -> float:
            same, theirs = shared[number], len(known[number][1])
            return same / min(theirs, len(words)) + 2 * same / (theirs + len(words))

        return heapq.nlargest(LOOKED_AT, likely, key=likeness)

    def _with(self, word: str) -> set[int]:
        """Return the numbers of what has a word; of a rare one, also what is spelt much like it."""
        found = self._having.get(word, set())
        if len(found) > RARE:
            return found
        if word not in self._near:
            near = process.extract(
                word, self._having.keys(), scorer=fuzz.ratio, limit=RARE, score_cutoff=SPELT
            )
            self._near[word] = tuple(other for other, _, _ in near)
        return found.union(*(self._having[other] for other in self._near[word]))

    def _add(self, r: Request) -> None:
        words = tuple(words_of(r.title))
        self._known[r.number] = (r, words)
        for word in words:
            self._having.setdefault(word, set()).add(r.number)

    def _drop(self, number: int) -> None:
        _, words = self._known.pop(number, (None, ()))
        for word in words:
            self._having[word].discard(number)
            if not self._having[word]:
                del self._having[word]

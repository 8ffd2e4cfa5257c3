"""What there is already of what somebody is about to ask for: reports, tables, requests.

What belongs here: what counts as like what is typed. What does not: the index of assets (`search`).
A sentence is no search: hardly anything has all of its words. What has the rarest ones comes first.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

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
        found = index.search(word, only={"kind": KINDS}, use=use, limit=EACH)
        rarity = 0.0 if found.corrected else math.log1p(total / max(found.total, 1))
        for place, hit in enumerate(found.hits):
            if rarity:
                nearness = 1 / (1 + place / 10)
                weights[hit.asset.key] += rarity * nearness * RANKS.get(hit.asset.layer, 1.0)
                matched[hit.asset.key] += 1
    enough = 1 if len(words) < 3 else 2
    likely = [key for key in weights if matched[key] >= enough]
    likely.sort(key=lambda key: (-matched[key], -weights[key], key))
    return view.graph.having(likely[:OFFERED])


def requests_like(
    requests: Iterable[Request], text: str, states: Iterable[str], but: int = 0
) -> list[Request]:
    """Return requests in one of these states that ask for much the same, the likest first."""
    wanted = " ".join(words_of(text))
    if not wanted:
        return []
    allowed = set(states)
    known = [r for r in requests if r.state in allowed and r.number != but]
    choices = [_bare(r.title) for r in known]
    near = process.extract(
        wanted, choices, scorer=fuzz.token_set_ratio, limit=LOOKED_AT, score_cutoff=LIKE
    )
    # That one has all words of the other is half of it; the other half is what else it has.
    scored = [(score + fuzz.token_sort_ratio(wanted, text), at) for text, score, at in near]
    best = sorted((-score, at) for score, at in scored if score / 2 >= LIKE)
    return [known[at] for _, at in best[:OFFERED]]


@lru_cache(maxsize=20_000)
def _bare(title: str) -> str:
    return " ".join(words_of(title))

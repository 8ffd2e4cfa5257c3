"""Search over everything that is written about assets: instant, ranked, forgiving of typos.

What belongs here: the index (SQLite's FTS5, in memory) and the ranking. What does not: pages, and
who searched for what (`usage`).

Rank = match (bm25, a name weighs most) × importance (how much depends on it) × use.

Of assets and of records the best are kept apart: thousands of requests have the very words of the
tables that answer them, and would crowd them out.
"""

import math
import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from platform_assets.inventory.model import Asset, Column, Graph

WEIGHTS = {
    "name": 12.0,
    "title": 10.0,
    "columns": 4.0,
    "tags": 3.0,
    "owners": 3.0,
    "description": 2.0,
    "column_text": 1.0,
    "sql": 0.3,
}
FACETS = ("kind", "domain", "owner", "tag", "freshness", "health")
LAYERS = {
    "marts": 1.6, "report": 1.6, "raw": 1.0, "staging": 0.8, "intermediate": 0.6,
    # Data before what is said of it; much depends on a request, and it answers nothing yet.
    "metric": 1.2, "objective": 0.9, "requirement": 0.7, "decision": 0.7, "roadmap": 0.6,
    "request": 0.6, "minutes": 0.6, "feedback": 0.5,
}  # fmt: skip
SHORT = 2  # letters up to which a beginning is looked for in names only
NEAR = 72.0  # per cent of likeness above which a word is taken for a misspelt one
MOST = 400  # matches that are ranked, of assets and of records each
RECORDS = 1 << 40  # rows of records begin here, so that either are found without looking at others
KEPT = 2_000  # words of which the best assets are known
_WORD = re.compile(r"\w+", re.UNICODE)


@dataclass(frozen=True)
class Hit:
    """One result.

    Attributes:
        columns: columns that match, best first.
        score: the larger, the better.
    """

    asset: Asset
    score: float
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes:
        hits: the page of results that was asked for.
        total: results in all.
        facets: of each facet, how many results have each value.
        corrected: the words that were searched for instead, if the ones given match nothing.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, Mapping[str, int]]
    corrected: str = ""


class Index:
    """The index of one graph; a new graph changes only what differs.

    Thread-safe; a search takes milliseconds at 100,000 columns.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        fields = ", ".join(WEIGHTS)
        self._db.execute(
            f"CREATE VIRTUAL TABLE docs USING fts5(key UNINDEXED, {fields}, "
            "tokenize = \"unicode61 remove_diacritics 2 separators '_'\", prefix = '2 3')"
        )
        self._db.execute("CREATE VIRTUAL TABLE vocabulary USING fts5vocab(docs, row)")
        self._rows: dict[str, tuple[int, Asset]] = {}
        self._added = 0  # rows so far
        self._graph = Graph()
        self._words: list[str] = []
        self._having: dict[tuple[object, ...], tuple[list[str], int]] = {}

    def update(self, graph: Graph) -> int:
        """Bring the index up to a graph; return how many assets were indexed anew."""
        with self._guard:
            if graph is self._graph:
                return 0
            gone = [row[1] for key, row in self._rows.items() if key not in graph.assets]
            changed = [a for key, a in graph.assets.items() if self._differs(key, a)]
            for asset in (*gone, *changed):
                if asset.key in self._rows:
                    row, _ = self._rows.pop(asset.key)
                    self._db.execute("DELETE FROM docs WHERE rowid = ?", [row])
            fields, marks = ", ".join(WEIGHTS), ", ".join("?" * (len(WEIGHTS) + 2))
            insert = f"INSERT INTO docs (rowid, key, {fields}) VALUES ({marks})"
            for asset in changed:
                self._added += 1
                row = self._added + (RECORDS if asset.kind == "record" else 0)
                self._db.execute(insert, [row, *_document(asset)])
                self._rows[asset.key] = (row, asset)
            self._db.commit()
            self._graph = graph
            if gone or changed:
                self._words = []
            if any(asset.kind != "record" for asset in (*gone, *changed)):
                self._having = {}
            return len(changed)

    def having(self, word: str, kinds: Sequence[str], most: int) -> tuple[list[str], int]:
        """Return the best assets, of these kinds, that have a word or one that it begins.

        With how many there are, up to `MOST`. Use does not count. Kept until an asset changes.
        """
        asked = (word, *kinds, most)
        with self._guard:
            if asked not in self._having:
                graph, scores = self._graph, self._best(f'"{word}"*', [word], "<")
                scores = {k: s * _boost(graph, k, 0) for k, s in scores.items()}
                found = [key for key in scores if graph.assets[key].kind in kinds]
                found.sort(key=lambda key: (-scores[key], key))
                self._having = self._having if len(self._having) < KEPT else {}
                self._having[asked] = (found[:most], len(found))
            return self._having[asked]

    def _differs(self, key: str, asset: Asset) -> bool:
        known = self._rows.get(key)
        return known is None or (known[1] is not asset and known[1] != asset)

    def search(
        self,
        text: str,
        *,
        only: Mapping[str, Sequence[str]] | None = None,
        health: Mapping[str, str] | None = None,
        freshness: Mapping[str, str] | None = None,
        use: Mapping[str, int] | None = None,
        offset: int = 0,
        limit: int = 20,
    ) -> Found:
        """Return what matches all words of `text`, the last of them as a beginning.

        Args:
            only: of each facet the values that are wanted; any of them.
            health, freshness: of each asset's key, how it is, for the facets.
            use: of each asset's key, how often it is looked at.
            offset, limit: the page of results.
        """
        words = _WORD.findall(text.lower().replace("_", " "))
        scores, corrected = self._scores(words)
        graph = self._graph
        used = use or {}
        boosted = {k: score * _boost(graph, k, used.get(k, 0)) for k, score in scores.items()}
        wanted = {facet: set(values) for facet, values in (only or {}).items() if values}
        states = {"freshness": freshness or {}, "health": health or {}}
        facts = {key: _facets(graph.assets[key], states) for key in boosted}
        kept = [key for key in boosted if _matches(facts[key], wanted)]
        kept.sort(key=lambda key: (-boosted[key], key))
        searched = corrected.split() if corrected else words
        return Found(
            hits=tuple(
                Hit(graph.assets[key], boosted[key], matching(graph.assets[key], searched))
                for key in kept[offset : offset + limit]
            ),
            total=len(kept),
            facets=_counts(facts, wanted),
            corrected=corrected,
        )

    def _scores(self, words: Sequence[str]) -> tuple[dict[str, float], str]:
        with self._guard:
            if not words:
                return dict.fromkeys(self._graph.assets, 1.0), ""
            found = self._match(words)
            if found:
                return found, ""
            near = [self._nearest(word) for word in words]
            if near == list(words) or not all(near):
                return {}, ""
            return self._match(near), " ".join(near)

    def _match(self, words: Sequence[str]) -> dict[str, float]:
        terms = [f'"{word}"' for word in words]
        terms[-1] += "*"
        if len(words[-1]) <= SHORT:
            terms[-1] = "{name title columns} : " + terms[-1]
        asked = " AND ".join(terms)
        return {**self._best(asked, words, "<"), **self._best(asked, words, ">=")}

    def _best(self, asked: str, words: Sequence[str], side: str) -> dict[str, float]:
        """Return the best of assets, which are on the side `<`, or of records, `>=`."""
        weights = ", ".join(str(w) for w in (0.0, *WEIGHTS.values()))
        rows = self._db.execute(
            f"SELECT key, -bm25(docs, {weights}) AS score FROM docs WHERE docs MATCH ? "
            f"AND rowid {side} {RECORDS} ORDER BY score DESC LIMIT ?",
            [asked, MOST],
        )
        return {key: _named(key, words, score) for key, score in rows if key in self._graph.assets}

    def _nearest(self, word: str) -> str:
        """Return the word that somebody who wrote `word` may have meant; "" if there is none."""
        if len(word) < 3:
            return word
        if not self._words:  # read when the first word is not found, not at every change
            self._words = [w for (w,) in self._db.execute("SELECT term FROM vocabulary")]
        found = process.extractOne(word, self._words, scorer=fuzz.ratio, score_cutoff=NEAR)
        return str(found[0]) if found else ""


def matching(asset: Asset, words: Sequence[str], most: int = 5) -> tuple[Column, ...]:
    """Return the columns in whose name or description all, or any, of the words occur."""

    def rank(column: Column) -> int:
        name, text = column.name.lower(), column.description.lower()
        return sum(3 * (word in name) + (word in text) for word in words)

    ranked = [(rank(c), c) for c in asset.columns] if words else []
    best = sorted((r for r in ranked if r[0]), key=lambda r: -r[0])
    return tuple(column for _, column in best[:most])


def _document(asset: Asset) -> list[str]:
    return [
        asset.key,
        asset.key.replace("/", " "),
        f"{asset.title} {asset.question}",
        " ".join(column.name for column in asset.columns),
        " ".join((*asset.tags.values(), *asset.tags, *asset.kinds, asset.domain, asset.layer)),
        " ".join(asset.owners),
        asset.description,
        " ".join(column.description for column in asset.columns),
        f"{asset.written} {asset.text}",
    ]


def _named(key: str, words: Sequence[str], score: float) -> float:
    """Raise the score of what is called exactly as was asked.

    A word that most assets have is worth nothing to bm25, hence the addition.
    """
    score = max(score, 0.0) + 0.5
    asked, name = "_".join(words), key.rpartition("/")[2].lower()
    bare = re.sub(r"^(stg|int|fct|dim)_", "", name)
    if asked in (name, bare):
        return score * 4
    return score * 2 if asked in name else score


def _boost(graph: Graph, key: str, use: int) -> float:
    importance = 1 + 0.25 * math.log1p(graph.importance.get(key, 0))
    return LAYERS.get(graph.assets[key].layer, 1.0) * importance * (1 + 0.25 * math.log1p(use))


def _facets(asset: Asset, states: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    tags = [f"{k}:{v}" if v else k for k, v in asset.tags.items() if k not in ("layer", "domain")]
    judged = asset.kind != "record"
    return {
        "kind": [asset.kind],
        "domain": [asset.domain],
        "owner": list(asset.owners),
        "tag": tags,
        **{
            name: [known[asset.key]] if judged and asset.key in known else []
            for name, known in states.items()
        },
    }


def _matches(facts: Mapping[str, Sequence[str]], wanted: Mapping[str, set[str]]) -> bool:
    return all(values & set(facts.get(facet, ())) for facet, values in wanted.items())


def _counts(
    facts: Mapping[str, Mapping[str, Sequence[str]]], wanted: Mapping[str, set[str]]
) -> dict[str, dict[str, int]]:
    """Count each facet's values among what the other facets leave."""
    counts: dict[str, Counter[str]] = {facet: Counter() for facet in FACETS}
    for found in facts.values():
        for facet in FACETS:
            others = {k: v for k, v in wanted.items() if k != facet}
            if _matches(found, others):
                counts[facet].update(value for value in found[facet] if value)
    return {facet: dict(counter.most_common()) for facet, counter in counts.items()}

"""What each page of the catalog shows: a function from the view to plain facts.

The facts are the page's JSON twin as they stand. What does not belong here: HTML, HTTP.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from platform_assets.catalog import unloaded
from platform_assets.catalog.catalog import View
from platform_assets.catalog.glossary import Term, mentioned
from platform_assets.catalog.present import (
    Facts,
    card,
    cards,
    check,
    column,
    dagster_url,
    domain_url,
    first_sentence,
    moment,
    owner,
    term_url,
    told,
    windows,
)
from platform_assets.catalog.search import FACETS, Found, Index
from platform_assets.inventory.health import Health
from platform_assets.inventory.model import Asset

SHOWN = 8  # entries of a list on the home page
PAGE = 20  # results of a search on one page
Chosen = Mapping[str, Sequence[str]]


class Missing(Exception):
    """There is no such asset, column, owner or domain."""


class NotLoaded(Missing):
    """It is declared, and not among the definitions that were loaded."""


def home(view: View) -> Facts:
    """Return the first page, but for what needs attention: what is fresh, where to begin."""
    assets = list(view.graph.assets.values())
    made = [a for a in assets if view.status(a.key).made_at]
    newest = sorted(made, key=lambda a: str(moment(view.status(a.key).made_at)), reverse=True)
    owners = Counter(o for a in assets if a.kind != "record" for o in a.owners)
    return {
        "counts": Counter(a.kind for a in assets),
        "reports": cards(view, [a for a in assets if a.kind == "report"]),
        "recent": cards(view, [a for a in newest if a.kind == "table"][:SHOWN]),
        "domains": _domains(view),
        "owners": [{**owner(name), "assets": count} for name, count in owners.most_common()],
    }


def _domains(view: View) -> list[Facts]:
    by_domain: dict[str, list[Asset]] = defaultdict(list)
    for asset in view.graph.assets.values():
        if asset.kind != "record":
            by_domain[asset.domain or "none"].append(asset)
    return [
        {
            "name": name,
            "url": domain_url(name),
            "assets": len(assets),
            "kinds": Counter(a.kind for a in assets),
            "health": max(view.verdicts[a.key].health for a in assets).name,
            "attention": sum(view.verdicts[a.key].health >= Health.warning for a in assets),
        }
        for name, assets in sorted(by_domain.items())
    ]


def search(
    view: View, index: Index, text: str, only: Chosen, use: Mapping[str, int], page: int = 1
) -> Facts:
    """Return a page of results with facets."""
    found = index.search(
        text,
        only=only,
        health=view.health,
        freshness=view.freshness,
        use=use,
        offset=(page - 1) * PAGE,
        limit=PAGE,
    )
    return {
        "q": text,
        "only": {facet: list(only.get(facet, ())) for facet in FACETS},
        "total": found.total,
        "page": page,
        "pages": max(1, -(-found.total // PAGE)),
        "corrected": found.corrected,
        "results": _results(view, found),
        "terms": [_term_card(term) for term in view.glossary.find(text)] if page == 1 else [],
        "facets": found.facets,
    }


def _results(view: View, found: Found) -> list[Facts]:
    return [
        {
            **card(view, hit.asset),
            "matches": [column(view, hit.asset, c) for c in hit.columns],
            "score": round(hit.score, 3),
        }
        for hit in found.hits
    ]


def asset(view: View, key: str) -> Facts:
    """Return all that is known of an asset without asking the warehouse.

    Raises:
        Missing: there is no such asset.
    """
    found = find(view, key)
    status = view.status(key)
    direct = [_assets(view, near(key, 1)) for near in (view.graph.upstream, view.graph.downstream)]
    return {
        **card(view, found),
        "description": found.description,
        "question": found.question,
        "audience": found.audience,
        "table": found.table,
        "link": found.link,
        "tags": dict(found.tags),
        "kinds": list(found.kinds),
        "file": found.file,
        "line": found.line,
        "dagster": dagster_url(key),
        "freshness": {
            "policy": windows(found),
            "state": status.fresh,
            "newest_data": moment(status.newest_data),
        },
        "run": status.run_id,
        "running": status.running,
        "failed_run": status.failed_run,
        "checks": [check(c, view.now) for c in status.checks],
        "told": told(status.metadata) if found.kind == "platform" else [],
        "fields": [column(view, found, c) for c in found.columns],
        "upstream": cards(view, direct[0]),
        "downstream": cards(view, direct[1]),
        "trouble_upstream": [card(view, a) for a, _ in view.upstream_trouble(key)],
        "sql": found.written,
        "compiled": found.compiled,
    }


def _assets(view: View, keys: Iterable[str]) -> list[Asset]:
    """Return the assets of these keys; records about them have a place of their own."""
    return [each for each in view.graph.having(keys) if each.kind != "record"]


def impact(view: View, key: str) -> Facts:
    """Return who is hit if an asset breaks: everything downstream, and whose it is.

    Raises:
        Missing: there is no such asset.
    """
    found = find(view, key)
    distances = view.graph.downstream(key)
    assets = view.graph.having(distances)
    owners = Counter(o for a in assets for o in a.owners)
    return {
        "asset": card(view, found),
        "assets": [{**card(view, a), "distance": distances[a.key]} for a in assets],
        "reports": cards(view, [a for a in assets if a.kind == "report"]),
        "objectives": cards(view, [a for a in assets if a.layer == "objective"]),
        "owners": [{**owner(name), "assets": count} for name, count in owners.most_common()],
        "audiences": sorted({a.audience for a in assets if a.audience}),
    }


def owner_page(view: View, name: str) -> Facts:
    """Return what a person or a team owns, and what of it needs care.

    Raises:
        Missing: nobody of that name owns anything.
    """
    mine = [a for a in view.graph.assets.values() if name in a.owners]
    if not mine:
        raise Missing(f"{name} owns nothing.")
    return {"owner": owner(name), **_group(view, mine)}


def domain_page(view: View, name: str) -> Facts:
    """Return what belongs to a domain.

    Raises:
        Missing: there is no such domain.
    """
    mine = [a for a in view.graph.assets.values() if (a.domain or "none") == name]
    if not mine:
        raise Missing(f"There is no domain {name}.")
    return {"domain": name, "url": domain_url(name), **_group(view, mine)}


def tag_page(view: View, tag: str) -> Facts:
    """Return what carries a tag, given as `key:value` or `key`.

    Raises:
        Missing: nothing carries it.
    """
    mine = [
        a
        for a in view.graph.assets.values()
        if tag in a.kinds or any(tag == (f"{k}:{v}" if v else k) for k, v in a.tags.items())
    ]
    if not mine:
        raise Missing(f"Nothing is tagged {tag}.")
    return {"tag": tag, **_group(view, mine)}


def _group(view: View, assets: Sequence[Asset]) -> Facts:
    ranked = sorted(assets, key=lambda a: (-view.graph.importance[a.key], a.key))
    care = [a for a in ranked if view.verdicts[a.key].health >= Health.warning]
    return {
        "attention": cards(view, care),
        "reports": cards(view, [a for a in ranked if a.kind == "report"]),
        "tables": cards(view, [a for a in ranked if a.kind in ("table", "platform", "other")]),
        "external": cards(view, [a for a in ranked if a.kind == "external"]),
        "sources": cards(view, [a for a in ranked if a.kind == "source"]),
        "records": cards(view, [a for a in ranked if a.kind == "record"]),
        "owners": [owner(name) for name in sorted({o for a in assets for o in a.owners})],
    }


def _term_card(term: Term) -> Facts:
    return {
        "name": term.name,
        "url": term_url(term.slug),
        "synonyms": list(term.synonyms),
        "summary": first_sentence(term.text),
    }


def glossary(view: View) -> Facts:
    """Return all terms, by name."""
    return {"terms": [_term_card(term) for term in view.glossary.terms]}


def term_page(view: View, slug: str) -> Facts:
    """Return what a term means, which columns it stands behind, and where it is spoken of.

    Raises:
        Missing: there is no such term.
    """
    term = view.glossary.get(slug)
    if term is None:
        raise Missing(f"There is no term {slug}.")
    tables = {a.table: a for a in view.graph.assets.values() if a.table}
    columns = []
    for full in term.columns:
        table, _, name = full.rpartition(".")
        one = tables[table].column(name) if table in tables else None
        if one is not None:
            columns.append({**column(view, tables[table], one), "asset": card(view, tables[table])})
    return {
        **_term_card(term),
        "slug": slug,
        "text": term.text,
        "owner": owner(term.owner) if term.owner else None,
        "file": term.file,
        "columns": columns,
        "mentioned": cards(view, mentioned(term, view.graph.assets.values())),
    }


def find(view: View, key: str) -> Asset:
    """Return an asset.

    Raises:
        Missing: there is no such asset; `NotLoaded`, if it is declared.
    """
    found = view.graph.assets.get(key)
    if found is None:
        if declared := unloaded.words(key):
            raise NotLoaded(declared)
        raise Missing(f"There is no asset {key}.")
    return found

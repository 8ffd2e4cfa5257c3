"""Robots: crawlers and scrapers that run JavaScript, and those that only fetch pages.

What belongs here: traffic that no person makes. What does not: their user agents (`profiles`).
"""

from random import Random

import orjson

from platform_assets.sample.clock import iso
from platform_assets.sample.people import uuid
from platform_assets.sample.products import CATEGORIES, SITE, category_path
from platform_assets.sample.profiles import EVENT_BOTS, LOG_BOTS, bot_context
from platform_assets.sample.stage import Stage
from platform_assets.sample.tape import WEB, Hit
from platform_assets.sample.web_visits import ARTICLES

DEAD = ("/wp-login.php", "/.env", "/old/catalogue.pdf", "/xmlrpc.php", "/c/winter-2019")


def bot_address(rng: Random) -> str:
    """Return an address of a data centre that belongs to nobody (RFC 2544)."""
    return f"198.{18 + rng.getrandbits(1)}.{rng.getrandbits(3)}.{rng.getrandbits(6)}"


def _page(rng: Random, stage: Stage) -> tuple[str, str, str]:
    """Return path, title and name of a page that a crawler finds."""
    share = rng.random()
    if share < 0.75:
        product = rng.choice(stage.shelf.on_sale)
        return product.path, f"{product.name} | Fernweh", "Product"
    if share < 0.93:
        category = rng.choice(CATEGORIES)
        return category_path(category), f"{category} | Fernweh", "Category"
    path, title = rng.choice(ARTICLES)
    return path, f"{title} | Fernweh", "Article"


def crawl(stage: Stage, device: int, at: int, pages: int) -> int:
    """Run one crawl of `pages` page calls in a few minutes and return how many events it made.

    A crawl keeps no cookie: it has an anonymous id of its own.
    """
    rng, now = stage.rng, at
    anonymous_id, address = uuid(rng), bot_address(rng)
    agent = EVENT_BOTS[device % len(EVENT_BOTS)]
    base = {**bot_context(agent), "ip": address, "locale": "en-US", "timezone": "UTC"}
    for _ in range(pages):
        now += 300 + int(rng.random() * 2_500)
        path, title, name = _page(rng, stage)
        page = {
            "path": path,
            "referrer": "",
            "search": "",
            "title": title,
            "url": SITE + path,
        }
        received = now + 100
        event = {
            "messageId": uuid(rng),
            "type": "page",
            "name": name,
            "properties": page,
            "anonymousId": anonymous_id,
            "userId": None,
            "timestamp": iso(now),
            "originalTimestamp": iso(now),
            "sentAt": iso(now + 100),
            "receivedAt": iso(received),
            "context": {**base, "page": page},
        }
        if stage.consent:
            event["consent"] = {"analytics": True, "marketing": True}
        line = orjson.dumps(event)
        stage.tape.event(WEB, received, now, "page", line, -device, bot=True)
        size = 14_000 + int(rng.random() * 52_000)
        stage.tape.hit(Hit(now - 90, address, agent, "GET", path, 200, size, "", 0))
    return pages


def fetch(stage: Stage, at: int, pages: int) -> None:
    """Fetch robots.txt and some pages without running JavaScript: the access log alone sees it."""
    rng, now = stage.rng, at
    address, agent = bot_address(rng), rng.choice(LOG_BOTS)
    common = (address, agent, "GET")
    stage.tape.hit(Hit(now, *common, "/robots.txt", 200, 412, "", 0))
    for _ in range(pages):
        now += 400 + int(rng.random() * 4_000)
        size = 14_000 + int(rng.random() * 52_000)
        share = rng.random()
        if share < 0.12:
            stage.tape.hit(Hit(now, *common, rng.choice(DEAD), 404, 1_532, "", 0))
        elif share < 0.15:
            path = category_path(rng.choice(CATEGORIES)) + "/"
            stage.tape.hit(Hit(now, *common, path, 301, 178, "", 0))
        else:
            stage.tape.hit(Hit(now, *common, _page(rng, stage)[0], 200, size, "", 0))

"""A visit in the browser: page calls, UTM parameters, referrers, and the requests behind them.

What belongs here: what the website does and the app does not. What does not: the funnel
(`visits`) and the format of the access log (`access_log`).
"""

from random import Random
from typing import Any
from urllib.parse import quote_plus

from platform_assets.sample.clock import DAY_MS
from platform_assets.sample.products import CATEGORIES, SITE, Product, category_path
from platform_assets.sample.tape import WEB, Hit
from platform_assets.sample.visits import Visit

ARTICLES = (
    ("/blog/five-huts-in-the-karwendel", "Five huts in the Karwendel"),
    ("/blog/how-to-wash-down", "How to wash down"),
    ("/blog/tent-test-two-nights-of-rain", "Tent test: two nights of rain"),
    ("/blog/packing-list-alpine-crossing", "Packing list for an alpine crossing"),
)
_FIXED = {
    "home": ("/", "Fernweh: gear for the long way", "Home"),
    "cart": ("/cart", "Cart", "Cart"),
    "checkout": ("/checkout", "Checkout", "Checkout"),
    "confirmation": ("/checkout/thank-you", "Thank you", "Order Confirmation"),
}


def page_of(
    kind: str, product: Product | None, text: str, rng: Random
) -> tuple[str, str, str, str]:
    """Return path, title, page name and query string of a page of a kind."""
    if product is not None:
        return product.path, f"{product.name} | Fernweh", "Product", ""
    if kind == "category":
        return category_path(text), f"{text} | Fernweh", "Category", ""
    if kind == "search":
        return "/search", f"Search: {text} | Fernweh", "Search", f"q={quote_plus(text)}"
    if kind == "blog":
        path, title = rng.choice(ARTICLES)
        return path, f"{title} | Fernweh", "Article", ""
    path, title, name = _FIXED[kind]
    return path, title, name, f"order={text}" if kind == "confirmation" else ""


class WebVisit(Visit):
    """One person in one browser."""

    source = WEB
    late_share = 0.004
    referrer = ""
    page: dict[str, Any]
    landing = True

    def arrive(self) -> None:
        """Land where the campaign or the search result points to."""
        kind = self.touch.landing
        self.referrer = self.touch.referrer
        if kind == "product":
            product = self.stage.product()
            self.show(kind, product)
            self.viewed(product)
        else:
            self.show(kind, text=self.rng.choice(CATEGORIES) if kind == "category" else "")

    def browse(self) -> None:
        """Leave the landing page."""
        self.landing = False
        super().browse()

    def buy(self) -> None:
        """Leave the landing page for the cart."""
        self.landing = False
        super().buy()

    def show(self, kind: str, product: Product | None = None, text: str = "") -> None:
        """Load a page: one request and one page call."""
        path, title, name, query = page_of(kind, product, text, self.rng)
        if self.landing:
            query = "&".join(part for part in (query, self.touch.query) if part)
        target = f"{path}?{query}" if query else path
        url = SITE + target
        self.request(target)
        self.page = {
            "path": path,
            "referrer": self.referrer,
            "search": f"?{query}" if query else "",
            "title": title,
            "url": url,
        }
        self.send("page", "page", {"name": name, "properties": self.page})
        self.referrer = url

    def request(self, target: str) -> None:
        """Fetch the page a moment before its page call; a few fail first and are loaded again."""
        rng = self.rng
        agent = self.device.profile.user_agent
        midnight = self.start - self.start % DAY_MS
        time = max(midnight, self.now - 80 - int(rng.random() * 600))
        page = 1 if self.landing else 2
        common = (self.device.ip, agent, "GET", target)
        tape = self.stage.tape
        if rng.random() < 0.0015:
            tape.hit(Hit(max(midnight, time - 2500), *common, 500, 1024, self.referrer, 0))
        status = 304 if page == 2 and rng.random() < 0.02 else 200
        size = 0 if status == 304 else 14_000 + int(rng.random() * 52_000)
        tape.hit(Hit(time, *common, status, size, self.referrer, page))

    def context(self) -> dict[str, Any]:
        """Return the context, with the campaign as long as the URL shows it."""
        if self.landing and self.touch.source:
            return {**self.base, "campaign": self.touch.context, "page": self.page}
        return {**self.base, "page": self.page}

    def wait(self) -> int:
        """Calls leave at once."""
        return 60 + int(self.rng.random() * 1_500)

    def extras(self) -> dict[str, Any]:
        """Return the consent, since the tracking sends it."""
        if not self.stage.consent:
            return {}
        return {"consent": {"analytics": True, "marketing": self.device.number % 3 != 0}}

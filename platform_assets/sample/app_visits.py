"""A visit in the app: screen calls, batches, events that wait until the phone is online again.

What belongs here: what the app does and the website does not. What does not: the funnel.
"""

from typing import Any

from platform_assets.sample.products import CATEGORIES, Product
from platform_assets.sample.tape import APP
from platform_assets.sample.visits import Visit

FLUSH_MS = 30_000
_SCREENS = {
    "home": "Home",
    "category": "Category",
    "product": "Product",
    "search": "Search",
    "blog": "Magazine",
    "cart": "Cart",
    "checkout": "Checkout",
    "confirmation": "Order Confirmation",
}


class AppVisit(Visit):
    """One person in the app on one phone."""

    source = APP
    late_share = 0.03

    def arrive(self) -> None:
        """Open the app: by its icon, by a push notification or by a link."""
        context: dict[str, Any] = self.device.profile.context
        model = context["device"]
        self.base["device"] = {"id": self.device.anonymous_id, **model}
        if self.device.visits == 1:
            self.track("Application Installed", dict(context["app"]))
        self.track("Application Opened", {"from_background": self.person.visits % 3 == 0})
        if self.touch.medium == "push":
            self.track("Push Notification Tapped", {"campaign": self.touch.context})
        self.now += 300
        if self.touch.landing == "product":
            self.look_at(self.stage.product())
        else:
            kind = self.touch.landing
            self.show(kind, text=self.rng.choice(CATEGORIES) if kind == "category" else "")

    def show(self, kind: str, product: Product | None = None, text: str = "") -> None:
        """Show a screen."""
        properties: dict[str, Any] = {}
        if product is not None:
            properties = {"product_id": product.id, "sku": product.sku}
        elif text:
            properties = {"order_id" if kind == "confirmation" else kind: text}
        self.send("screen", "screen", {"name": _SCREENS[kind], "properties": properties})

    def context(self) -> dict[str, Any]:
        """Return the context, with the campaign of a push notification or link."""
        if self.touch.source:
            return {**self.base, "campaign": self.touch.context}
        return self.base

    def wait(self) -> int:
        """Calls wait for the next flush of the queue."""
        return FLUSH_MS - self.now % FLUSH_MS + 200

    def extras(self) -> dict[str, Any]:
        """Return the number of the visit, since the tracking sends it."""
        return {"sessionNumber": self.person.visits} if self.stage.session_number else {}

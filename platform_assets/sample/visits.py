"""What people do on a visit: pages and screens, the funnel, signing in, buying.

What belongs here: behaviour, and the Segment calls that it causes. What does not: who visits
and when (`company`), robots (`robots`), what happens to the lines (`delivery`).
"""

from abc import ABC, abstractmethod
from typing import Any

import orjson

from platform_assets.sample.channels import Touch
from platform_assets.sample.clock import HOUR_MS, MINUTE_MS, iso
from platform_assets.sample.commerce import Order, euro
from platform_assets.sample.people import COUNTRIES, Device, Person, traits, uuid
from platform_assets.sample.products import CATEGORIES, CURRENCY, Product
from platform_assets.sample.stage import Stage, product_properties

BOUNCE = 0.34
SEARCHES = (
    "tent", "zelt 2 personen", "gtx boots", "rain jacket", "kocher", "merino", "schlafsack -10",
)  # fmt: skip


class Visit(ABC):
    """One person on one device for some minutes. `WebVisit` and `AppVisit` show things."""

    source: str
    late_share: float

    def __init__(self, stage: Stage, person: Person, device: Device, touch: Touch, at: int) -> None:
        """Begin at the moment `at`; nothing is recorded before `run`."""
        self.stage, self.person, self.device, self.touch = stage, person, device, touch
        self.rng = stage.rng
        self.start = self.now = at
        self.cart: list[tuple[Product, int]] = []
        self.order: Order | None = None
        self.network = 30 + int(self.rng.random() * 300)
        late = self.rng.random() < self.late_share
        self.online_at = at + self.rng.randrange(26 * HOUR_MS, 70 * HOUR_MS) if late else 0
        _, locale, zone, _, _ = COUNTRIES[person.country]
        self.base: dict[str, Any] = {
            **device.profile.context,
            "ip": device.ip,
            "locale": locale,
            "timezone": zone,
        }

    # what differs between a browser and the app
    @abstractmethod
    def arrive(self) -> None:
        """Open the first page or screen."""

    @abstractmethod
    def show(self, kind: str, product: Product | None = None, text: str = "") -> None:
        """Show a page or screen of a kind: home, category, product, search, blog, cart, …"""

    @abstractmethod
    def context(self) -> dict[str, Any]:
        """Return the context of the next call."""

    @abstractmethod
    def wait(self) -> int:
        """Return milliseconds until the next call reaches the server."""

    @abstractmethod
    def extras(self) -> dict[str, Any]:
        """Return top-level keys that newer versions of the tracking add."""

    def pause(self) -> None:
        """Let the time pass between two actions; seldom so long that a new session begins."""
        self.now += next(self.stage.gaps)
        if self.rng.random() < 0.004:
            self.now += self.rng.randrange(31 * MINUTE_MS, 55 * MINUTE_MS)

    def send(self, kind: str, label: str, fields: dict[str, Any]) -> int | None:
        """Record one Segment call; return when it arrives, or None behind an ad blocker.

        `timestamp = receivedAt - (sentAt - originalTimestamp)`, as Segment corrects the clock.
        """
        if not self.person.tracked:
            return None
        device, now = self.device, self.now
        wait = self.online_at - now if self.online_at else self.wait()
        client = now - self.network + device.skew
        event = {
            "messageId": uuid(self.rng),
            "type": kind,
            **fields,
            "anonymousId": device.anonymous_id,
            "userId": f"c_{device.customer}" if device.customer else None,
            "timestamp": iso(now),
            "originalTimestamp": iso(client),
            "sentAt": iso(client + wait),
            "receivedAt": iso(now + wait),
            "context": self.context(),
            **self.extras(),
        }
        tape = self.stage.tape
        tape.event(self.source, now + wait, now, label, orjson.dumps(event), device.number)
        if not device.seen and now + wait < tape.end:
            device.seen = True
            tape.counters[self.source].devices += 1
        return now + wait

    def track(self, event: str, properties: dict[str, Any]) -> int | None:
        """Record a track call a moment after what caused it."""
        self.now += 40 + int(self.rng.random() * 400)
        return self.send("track", event, {"event": event, "properties": properties})

    def run(self) -> None:
        """Play the visit from the first page to the last."""
        rng = self.rng
        self.person.visits += 1
        self.device.visits += 1
        self.arrive()
        if self.person.customer and not self.device.customer and rng.random() < 0.3:
            self.log_in()
        if rng.random() > BOUNCE - 0.2 * (self.person.visits > 1):
            for _ in range(1 + int(rng.expovariate(0.36))):
                self.browse()
        if self.cart:
            self.buy()
        elif not self.person.customer and rng.random() < 0.008:
            self.sign_up()

    def browse(self) -> None:
        """Look at one more thing."""
        self.pause()
        share = self.rng.random()
        if share < 0.56:
            self.look_at(self.stage.product())
        elif share < 0.78:
            self.show("category", text=self.rng.choice(CATEGORIES))
        elif share < 0.89:
            query = self.rng.choice(SEARCHES)
            self.show("search", text=query)
            self.track("Products Searched", {"query": query, "results": self.rng.randrange(24)})
        else:
            self.show("blog" if share < 0.95 else "home")

    def look_at(self, product: Product) -> None:
        """See a product, perhaps put it into the cart."""
        self.show("product", product)
        self.viewed(product)

    def viewed(self, product: Product) -> None:
        """Record that a product was seen; perhaps put it into the cart."""
        self.track("Product Viewed", product_properties(product))
        wish = 0.085 * self.touch.intent * (1.5 if self.person.customer else 1.0)
        if self.rng.random() < wish * (1.35 if self.stage.sale else 1.0):
            self.now += 4_000 + int(self.rng.random() * 60_000)
            quantity = 1 if self.rng.random() < 0.82 else 2
            self.cart = [line for line in self.cart if line[0] is not product]
            self.cart.append((product, quantity))
            self.track("Product Added", product_properties(product, quantity))

    def buy(self) -> None:
        """Go from the cart to the order, or leave on the way."""
        rng = self.rng
        if rng.random() < 0.15:
            return
        self.pause()
        self.show("cart")
        self.track("Cart Viewed", {"products": self.cart_properties(), "currency": CURRENCY})
        if rng.random() > (0.62 if self.person.customer else 0.45):
            return
        self.pause()
        self.show("checkout")
        value = sum(product.price * quantity for product, quantity in self.cart)
        self.track(
            "Checkout Started",
            {
                "value": euro(value),
                "currency": CURRENCY,
                "products": self.cart_properties(),
            },
        )
        if rng.random() > 0.78:
            return
        if not self.person.customer:
            self.sign_up()
        elif not self.device.customer:
            self.log_in()
        self.pause()
        method = rng.choice(("card", "paypal", "invoice"))
        self.track("Payment Info Entered", {"payment_method": method})
        if rng.random() < 0.9:
            self.pay()

    def cart_properties(self) -> list[dict[str, Any]]:
        """Return the cart as events carry it."""
        return [product_properties(product, quantity) for product, quantity in self.cart]

    def pay(self) -> None:
        """Place the order and see the confirmation."""
        customer = self.person.customer
        if customer is None:
            return
        self.now += 2_000 + int(self.rng.random() * 20_000)
        till = self.stage.till
        coupon = till.coupon(self.person.orders == 0, self.stage.sale)
        origin = self.source[:3] if self.person.tracked else "ad_blocker"
        order = self.order = till.place(customer, self.cart, self.now, origin, coupon)
        self.person.orders += 1
        self.person.loyalty = min(0.92, self.person.loyalty + 0.1)
        self.show("confirmation", text=order.number)
        order.event_received_at = self.track("Order Completed", self.order_properties(order))
        if self.person.orders == 2:
            self.now += 1_500
            fields = {
                "groupId": "fernweh_club",
                "traits": {"name": "Fernweh Club", "plan": "free"},
            }
            self.send("group", "group", fields)

    def order_properties(self, order: Order) -> dict[str, Any]:
        """Return an order as its event carries it: `total` is what the customer pays."""
        return {
            "order_id": order.number,
            "total": euro(order.total),
            "revenue": euro(order.subtotal - order.discount),
            "shipping": euro(order.shipping),
            "tax": euro(order.tax),
            "discount": euro(order.discount),
            "coupon": order.coupon,
            "currency": CURRENCY,
            "products": self.cart_properties(),
        }

    def sign_up(self) -> None:
        """Open an account."""
        self.pause()
        customer = self.stage.people.sign_up(self.person, self.now)
        self.device.customer = customer.id
        self.track("Signed Up", {"method": "email"})
        self.identify()
        version = self.device.profile.context.get("app", {}).get("version", "")
        if version.startswith("2."):
            self.send("alias", "alias", {"previousId": self.device.anonymous_id})

    def log_in(self) -> None:
        """Sign in to the account on this device."""
        if self.person.customer is None:
            return
        self.pause()
        self.device.customer = self.person.customer.id
        self.track("Signed In", {"method": "email"})
        self.identify()

    def identify(self) -> None:
        """Tell who uses this device."""
        if self.person.customer is not None:
            self.now += 15
            self.send("identify", "identify", {"traits": traits(self.person.customer)})

"""Orders: prices, discounts, shipping, tax, and what becomes of an order.

What belongs here: money and the life of an order. What does not: the events of a purchase
(`visits`) and the database (`shop`). All money is in cents; all times in epoch milliseconds.
"""

from dataclasses import dataclass
from random import Random

from platform_assets.sample.clock import DAY_MS, HOUR_MS, MINUTE_MS
from platform_assets.sample.people import COUNTRIES, Customer
from platform_assets.sample.products import Product

FREE_SHIPPING_FROM = 6000
SHIPPING = 495
SALE_COUPON = "SUMMIT15"
ORDER_NUMBER_BASE = 100_000


@dataclass(frozen=True, slots=True)
class Line:
    """One article in an order."""

    product: Product
    quantity: int
    unit_price: int
    discount: int


@dataclass(frozen=True, slots=True)
class Step:
    """A status that an order reaches at a moment."""

    status: str
    at: int


@dataclass(slots=True)
class Order:
    """One order; `total = subtotal - discount + shipping`, and `tax` is contained in it."""

    id: int
    customer: Customer
    lines: tuple[Line, ...]
    subtotal: int
    discount: int
    shipping: int
    tax: int
    coupon: str | None
    created_at: int
    steps: tuple[Step, ...]
    origin: str  # web, app, ad_blocker or phone
    event_received_at: int | None = None  # when its Order Completed arrives, if it has one

    @property
    def number(self) -> str:
        """Order number as the customer and the events know it."""
        return f"FW-{ORDER_NUMBER_BASE + self.id}"

    @property
    def total(self) -> int:
        """What the customer pays, in cents."""
        return self.subtotal - self.discount + self.shipping

    def state(self, as_of: int) -> Step:
        """Return the last step before `as_of`; the first one when there is none."""
        reached = [step for step in self.steps if step.at < as_of]
        return reached[-1] if reached else self.steps[0]


def euro(cents: int) -> float:
    """Return cents as the number that JSON events carry; exact to the cent when rounded."""
    return cents / 100


def money(cents: int) -> str:
    """Return cents as decimal text."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"


def share_out(amount: int, weights: list[int]) -> list[int]:
    """Split cents by weights without losing one: largest remainder, earlier lines first."""
    total = sum(weights)
    parts = [amount * w // total for w in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % total))
    for i in by_remainder[: amount - sum(parts)]:
        parts[i] += 1
    return parts


def _steps(rng: Random, placed: int) -> tuple[Step, ...]:
    """Return what will happen to an order: most are paid and shipped, few come back."""
    steps = [Step("placed", placed)]
    if rng.random() < 0.04:
        steps.append(Step("cancelled", placed + rng.randrange(HOUR_MS, 40 * HOUR_MS)))
        return tuple(steps)
    paid = placed + rng.randrange(MINUTE_MS, 25 * MINUTE_MS)
    steps.append(Step("paid", paid))
    if rng.random() < 0.02:
        steps.append(Step("cancelled", paid + rng.randrange(HOUR_MS, 20 * HOUR_MS)))
        return tuple(steps)
    shipped = paid + rng.randrange(8 * HOUR_MS, 3 * DAY_MS)
    steps.append(Step("shipped", shipped))
    if rng.random() < 0.065:
        steps.append(Step("refunded", shipped + rng.randrange(4 * DAY_MS, 21 * DAY_MS)))
    return tuple(steps)


class Till:
    """Takes orders and numbers them."""

    def __init__(self, rng: Random, first_id: int = 1) -> None:
        """Number orders from `first_id` on."""
        self.rng = rng
        self.orders: list[Order] = []
        self._next = first_id

    def continue_from(self, next_id: int, rng: Random) -> None:
        """Number the next order `next_id`, with other randomness, and forget the orders so far."""
        self._next, self.rng, self.orders = next_id, rng, []

    def coupon(self, first_order: bool, sale: bool) -> tuple[str | None, int]:
        """Return a coupon and its percent: for a first order, in a sale, for club members."""
        draw = self.rng.random()
        if sale and draw < 0.55:
            return SALE_COUPON, 15
        if first_order and draw < 0.3:
            return "WELCOME10", 10
        return ("CLUB5", 5) if draw > 0.93 else (None, 0)

    def place(
        self,
        customer: Customer,
        cart: list[tuple[Product, int]],
        at: int,
        origin: str,
        coupon: tuple[str | None, int] = (None, 0),
    ) -> Order:
        """Take an order of articles and quantities at a moment, with a coupon and its percent."""
        amounts = [product.price * quantity for product, quantity in cart]
        subtotal = sum(amounts)
        code, percent = coupon
        discount = (subtotal * percent + 50) // 100
        shipping = 0 if subtotal - discount >= FREE_SHIPPING_FROM else SHIPPING
        rate = COUNTRIES[customer.country][3]
        total = subtotal - discount + shipping
        lines = tuple(
            Line(product, quantity, product.price, part)
            for (product, quantity), part in zip(cart, share_out(discount, amounts), strict=True)
        )
        order = Order(
            id=self._next,
            customer=customer,
            lines=lines,
            subtotal=subtotal,
            discount=discount,
            shipping=shipping,
            tax=(total * rate + (100 + rate) // 2) // (100 + rate),
            coupon=code,
            created_at=at,
            steps=_steps(self.rng, at),
            origin=origin,
        )
        self._next += 1
        self.orders.append(order)
        return order

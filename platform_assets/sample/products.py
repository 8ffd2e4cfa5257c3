"""What Fernweh sells, and the pages that show it.

What belongs here: the assortment and its changes over time, the pages of the shop. What does
not: who looks at it (`visits`).
"""

from dataclasses import dataclass
from random import Random

SITE = "https://www.fernweh.example"
CURRENCY = "EUR"

# category: (name, price in euro) …
_ASSORTMENT: dict[str, tuple[tuple[str, int], ...]] = {
    "Tents": (
        ("Skagen 2 Tent", 289), ("Skagen 3 Tent", 349), ("Brocken Ultralight Tent", 459),
        ("Familienglück 5 Tent", 529), ("Biwak Tarp", 79), ("Hogan Trail Tent", 199),
    ),
    "Sleeping Bags": (
        ("Polarlicht Down Bag", 319), ("Sommernacht Bag", 69), ("Dreijahreszeiten Bag", 149),
        ("Kids Star Bag", 49), ("Silk Liner", 39), ("Airlite Mat", 89),
    ),
    "Backpacks": (
        ("Gratweg 28", 119), ("Gratweg 45", 159), ("Gratweg 65", 219), ("City Rolltop", 89),
        ("Summit 18", 69), ("Kids Pack 12", 39), ("Rain Cover", 19),
    ),
    "Boots": (
        ("Karwendel Mid GTX", 179), ("Karwendel Low", 139), ("Alta Via Boot", 249),
        ("Trailfox Runner", 129), ("Camp Sandal", 59), ("Kids Hiker", 69),
    ),
    "Jackets": (
        ("Sturmvogel Shell", 259), ("Sturmvogel Light", 169), ("Daunen Hoody", 199),
        ("Fleece Jacket Lund", 79), ("Windbreaker Kiel", 99), ("Merino Hoody", 129),
        ("Rain Poncho", 29),
    ),
    "Camp Kitchen": (
        ("Gas Stove Nano", 45), ("Titan Pot 0.9", 49), ("Cook Set Duo", 69), ("Spork Set", 12),
        ("Bottle 1 l", 24), ("Water Filter", 54), ("Coffee Press", 35), ("Trail Meal Chili", 8),
    ),
    "Light & Tools": (
        ("Headlamp 400", 59), ("Headlamp 900", 99), ("Camp Lantern", 39), ("Multitool", 64),
        ("Pocket Knife", 29), ("Solar Panel 15W", 79), ("First Aid Kit", 34),
    ),
    "Travel": (
        ("Packing Cubes", 29), ("Dry Bag 20", 22), ("Travel Towel", 19), ("Trekking Poles", 84),
        ("Map Alps North", 14), ("Gift Card", 50), ("Beanie", 25), ("Merino Socks", 18),
    ),
}  # fmt: skip

CATEGORIES = tuple(_ASSORTMENT)
# The last ones of the assortment arrive while the sample runs, one is taken out.
_LAUNCHES = {12: 2, 25: 2, 40: 1}
_RETIREMENT_DAY = 38
_PRICE_RISE_DAY = 30


@dataclass(slots=True)
class Product:
    """One article; money in cents."""

    id: int
    sku: str
    name: str
    category: str
    price: int
    cost: int
    active: bool
    updated_at: int  # epoch milliseconds

    @property
    def path(self) -> str:
        """Path of the product's page."""
        return f"/p/{self.sku.lower()}"


def category_path(category: str) -> str:
    """Return the path of a category's page."""
    return "/c/" + category.lower().replace(" & ", "-").replace(" ", "-")


class Assortment:
    """The products and how likely each is looked at."""

    def __init__(self, seed: int, opened_at: int) -> None:
        """Fill the shelves; the products on sale from the start were entered at `opened_at`."""
        rng = Random(f"{seed}/products")
        self.products: list[Product] = []
        for category, articles in _ASSORTMENT.items():
            for name, euro in articles:
                number = len(self.products) + 1
                price = euro * 100 + (95 if euro < 100 else 0)
                cost = int(price * rng.uniform(0.42, 0.63))
                sku = f"{category[:2].upper()}-{1000 + number * 7}"
                at = opened_at - rng.randrange(200 * 86_400_000)
                self.products.append(Product(number, sku, name, category, price, cost, True, at))
        rng.shuffle(self.products)
        for number, product in enumerate(self.products, 1):
            product.id = number
        self._hidden = self.products[-sum(_LAUNCHES.values()) :]
        self.on_sale = self.products[: -len(self._hidden)]
        self._weigh()

    def _weigh(self) -> None:
        """Make the few first products much more popular than the many last ones."""
        self.weights: list[float] = []
        total = 0.0
        for rank in range(len(self.on_sale)):
            total += 1 / (rank + 3) ** 0.8
            self.weights.append(total)

    def listed(self) -> list[Product]:
        """Return the products that have a row in the shop's database, retired ones included."""
        hidden = {p.id for p in self._hidden}
        return sorted((p for p in self.products if p.id not in hidden), key=lambda p: p.id)

    def begin_day(self, day_index: int, at: int) -> None:
        """Do what is planned for a day: launches, one retirement, a rise of some prices."""
        for _ in range(min(_LAUNCHES.get(day_index, 0), len(self._hidden))):
            launched = self._hidden.pop(0)
            launched.updated_at = at
            self.on_sale.append(launched)
        if day_index == _RETIREMENT_DAY:
            retired = self.on_sale.pop(len(self.on_sale) // 2)
            retired.active, retired.updated_at = False, at
        if day_index == _PRICE_RISE_DAY:
            for product in self.on_sale[::6]:
                product.price, product.updated_at = product.price + 500, at
        self._weigh()

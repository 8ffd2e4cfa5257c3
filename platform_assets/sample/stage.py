"""What the visits of one day share: randomness, the shelf, the till, the tape.

What belongs here: the surroundings of a visit. What does not: what people do on it (`visits`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from platform_assets.sample.commerce import Till, euro
from platform_assets.sample.people import Population
from platform_assets.sample.products import CURRENCY, Assortment, Product
from platform_assets.sample.tape import Tape


@dataclass(slots=True)
class Stage:
    """What a day's visits share."""

    rng: Random
    gaps: Iterator[int]  # milliseconds between two actions
    tape: Tape
    shelf: Assortment
    till: Till
    people: Population
    sale: bool = False
    consent: bool = False  # whether web events carry the newer `consent` object
    session_number: bool = False  # whether app events carry the newer `sessionNumber`

    def product(self) -> Product:
        """Return an article on sale, the popular ones more often."""
        weights = self.shelf.weights
        share = self.rng.random() * weights[-1]
        low, high = 0, len(weights) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if weights[middle] < share else (low, middle)
        return self.shelf.on_sale[low]


def product_properties(product: Product, quantity: int = 1) -> dict[str, Any]:
    """Return the properties that Segment's e-commerce spec asks of one product."""
    return {
        "product_id": product.id,
        "sku": product.sku,
        "name": product.name,
        "category": product.category,
        "price": euro(product.price),
        "quantity": quantity,
        "currency": CURRENCY,
    }

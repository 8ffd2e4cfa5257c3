"""Who visits the shop: people, their devices, and how loyal they are.

What belongs here: attributes that stay with a person or a device. What does not: what they do
on a visit (`visits`), where they come from (`channels`).
"""

from bisect import bisect
from dataclasses import dataclass, field
from random import Random
from typing import Any

from platform_assets.sample.profiles import APP_PROFILES, WEB_PROFILES, Profile, pick

# country, locale, time zone, VAT percent, weight
COUNTRIES = (
    ("DE", "de-DE", "Europe/Berlin", 19, 62),
    ("AT", "de-AT", "Europe/Vienna", 20, 12),
    ("CH", "de-CH", "Europe/Zurich", 8, 8),
    ("NL", "nl-NL", "Europe/Amsterdam", 21, 7),
    ("FR", "fr-FR", "Europe/Paris", 20, 6),
    ("DK", "da-DK", "Europe/Copenhagen", 25, 3),
    ("GB", "en-GB", "Europe/London", 20, 2),
)
_FIRST = (
    "Anna", "Ben", "Clara", "David", "Elif", "Finn", "Greta", "Hannes", "Ida", "Jonas",
    "Katharina", "Leon", "Mia", "Noah", "Olga", "Paul", "Rosa", "Samira", "Till", "Ulla", "Viktor",
    "Wiebke", "Yusuf", "Zoë", "Jürgen", "Søren", "Chloé", "Jan", "Marieke", "Björn",
)  # fmt: skip
_LAST = (
    "Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Wagner", "Becker", "Hoffmann",
    "Schäfer", "Koch", "Richter", "Klein", "Wolf", "Schröder", "Neumann", "Braun", "Krüger",
    "Hofmann", "Özdemir", "Lange", "Jansen", "de·Vries", "Dubois", "Lefèvre", "Nielsen",
    "O'Connor", "Brown", "Huber", "Gruber", "Keller",
)  # fmt: skip
_PLAIN = str.maketrans(
    {"ü": "ue", "ö": "oe", "ä": "ae", "ø": "o", "é": "e", "è": "e", "ë": "e", "Ö": "Oe",
     "·": "", "'": ""}
)  # fmt: skip


@dataclass(slots=True)
class Device:
    """A browser with its cookie, or an installed app: one anonymous id."""

    number: int
    anonymous_id: str
    profile: Profile
    ip: str
    skew: int  # milliseconds its clock is ahead
    customer: int = 0  # whom it is logged in as; 0 for nobody
    visits: int = 0
    seen: bool = False  # whether an event of it has landed


@dataclass(slots=True)
class Customer:
    """One row of the shop's customers; times in epoch milliseconds."""

    id: int
    name: str
    email: str
    country: int
    opt_in: bool
    created_at: int
    updated_at: int
    deleted_at: int | None = None


@dataclass(slots=True)
class Person:
    """Somebody who visits: 0.0 <= `loyalty` < 1 is the chance to come back after a visit."""

    country: int
    loyalty: float
    tracked: bool  # False: an ad blocker keeps every event away
    devices: list[Device] = field(default_factory=list)
    customer: Customer | None = None
    orders: int = 0
    visits: int = 0
    first_channel: str = ""


def uuid(rng: Random) -> str:
    """Return a random UUID of version 4 as text."""
    h = f"{rng.getrandbits(128):032x}"
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) & 3]}{h[17:20]}-{h[20:]}"


def _ip(rng: Random, mobile: bool) -> str:
    """Return an address that belongs to nobody: shared space (RFC 6598) or documentation IPv6."""
    n = rng.getrandbits(22)
    if mobile and n % 3 == 0:
        return f"2001:db8:{n >> 11:x}:{n & 2047:x}::{rng.getrandbits(16):x}"
    return f"100.{64 + (n >> 16)}.{n >> 8 & 255}.{n & 255}"


class Population:
    """Makes people, devices and customers, each with the next number."""

    def __init__(self, rng: Random, first_customer: int = 1) -> None:
        """Count customers from `first_customer` on."""
        self.rng = rng
        self.devices = 0
        self.customers: list[Customer] = []
        self._next_customer = first_customer
        self._countries: list[float] = []
        total = 0.0
        for *_, weight in COUNTRIES:
            total += weight
            self._countries.append(total)

    def continue_from(self, next_customer: int, rng: Random) -> None:
        """Number the next customer `next_customer`, with other randomness."""
        self._next_customer, self.rng = next_customer, rng

    def person(self) -> Person:
        """Return somebody who has not been here before, without a device yet."""
        rng = self.rng
        kind = rng.random()
        loyalty = 0.12 if kind < 0.5 else 0.55 if kind < 0.85 else 0.86
        country = bisect(self._countries, rng.random() * self._countries[-1] * 0.999999)
        return Person(country, loyalty, rng.random() > 0.03)

    def device(self, person: Person, app: bool) -> Device:
        """Give a person another device (a browser, or the app) and return it."""
        rng = self.rng
        profile = pick(APP_PROFILES if app else WEB_PROFILES, rng.random())
        skew = rng.randrange(-300_000, 300_000) if rng.random() < 0.03 else 0
        self.devices += 1
        device = Device(
            self.devices,
            uuid(rng),
            profile,
            _ip(rng, profile.device_type == "mobile"),
            skew,
        )
        person.devices.append(device)
        return device

    def sign_up(self, person: Person, at: int) -> Customer:
        """Make a person a customer with an account from the moment `at` on."""
        rng = self.rng
        first, last = rng.choice(_FIRST), rng.choice(_LAST)
        number = self._next_customer
        self._next_customer += 1
        mailbox = f"{first}.{last}".lower().translate(_PLAIN)
        customer = Customer(
            id=number,
            name=f"{first} {last}".replace("·", " "),
            email=f"{mailbox}{number}@mail.example",
            country=person.country,
            opt_in=rng.random() < 0.46,
            created_at=at,
            updated_at=at,
        )
        person.customer = customer
        person.loyalty = min(0.9, person.loyalty + 0.18)
        self.customers.append(customer)
        return customer


def traits(customer: Customer) -> dict[str, Any]:
    """Return the traits that an identify call carries."""
    return {
        "email": customer.email,
        "name": customer.name,
        "country": COUNTRIES[customer.country][0],
        "marketing_opt_in": customer.opt_in,
    }

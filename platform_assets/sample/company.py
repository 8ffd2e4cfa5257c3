"""The company from day to day: who comes, how often, until when.

What belongs here: the state that goes from one day to the next, and how much of what happens on
a day. What does not: what happens on a visit (`visits`) and every file.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import cycle
from random import Random

import numpy as np

from platform_assets.sample.app_visits import AppVisit
from platform_assets.sample.channels import APP_TOUCHES, WEB_TOUCHES, Sources
from platform_assets.sample.clock import DAY_MS, day_start, level, visit_starts
from platform_assets.sample.commerce import Order, Till
from platform_assets.sample.config import SampleConfig
from platform_assets.sample.people import Customer, Device, Person, Population
from platform_assets.sample.products import Assortment
from platform_assets.sample.robots import crawl, fetch
from platform_assets.sample.stage import Stage
from platform_assets.sample.tape import Tape
from platform_assets.sample.visits import Visit
from platform_assets.sample.web_visits import WebVisit

EVENTS_PER_VISIT = 6.35  # measured over 60 days; visits behind ad blockers included
BOT_SHARE = 0.06  # of all events
LOG_BOT_PAGES = 0.12  # pages fetched by robots without JavaScript, per event
MIN_NEW_SHARE = 0.2  # of visits
SALES = (18, 21)  # first and last day, again every SALE_CYCLE days
SALE_CYCLE = 45
SALE_BOOST = 1.3
CONSENT_DAY = 20  # from here on web events carry `consent`
SESSION_NUMBER_DAY = 25  # from here on app events carry `sessionNumber`


@dataclass(slots=True)
class Happened:
    """What one span of time brought, beside the tape."""

    orders: list[Order] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)  # of campaigns that somebody bills


class Company:
    """Fernweh. Days must be lived one after the other; they only depend on those before."""

    def __init__(self, config: SampleConfig, tape: Tape, shelf: Assortment | None = None) -> None:
        """Begin with nobody, and with the assortment of the first day where none is given."""
        self.config, self.tape = config, tape
        self.start = day_start(config.start)
        self.people = Population(Random(f"{config.seed}/people"))
        self.shelf = shelf or Assortment(config.seed, self.start)
        self.till = Till(Random(f"{config.seed}/till"))
        self.due: dict[int, list[Person]] = defaultdict(list)
        self.bots = 0

    def take_over_customers(self) -> None:
        """Bring the customers of the shop's older website over, who come back by and by."""
        rng = Random(f"{self.config.seed}/before")
        for number in range(self.config.events_per_day // 6):
            person = self.people.person()
            person.visits = 1 + int(rng.expovariate(0.5))
            person.first_channel = "Direct"
            self.people.device(person, app=rng.random() < 0.15)
            if number % 2 == 0:
                at = self.start - int(rng.random() * 300 * DAY_MS) - 1
                customer = self.people.sign_up(person, at)
                if rng.random() < 0.5:
                    person.devices[0].customer = customer.id
            self.due[int(rng.expovariate(1 / 7))].append(person)

    def stage(self, day_index: int, rng: Random) -> Stage:
        """Return what the visits of a day share."""
        numbers = np.random.default_rng(rng.getrandbits(63))
        gaps = np.exp(numbers.normal(np.log(21_000), 1.05, 30_011))
        return Stage(
            rng=rng,
            gaps=cycle(np.clip(gaps, 900, 25 * 60_000).astype(int).tolist()),
            tape=self.tape,
            shelf=self.shelf,
            till=self.till,
            people=self.people,
            sale=SALES[0] <= day_index % SALE_CYCLE <= SALES[1],
            consent=day_index >= CONSENT_DAY,
            session_number=day_index >= SESSION_NUMBER_DAY,
        )

    def live_day(self, day_index: int) -> Happened:
        """Live one whole day."""
        begin = self.start + day_index * DAY_MS
        weekday = (self.config.start + timedelta(days=day_index)).weekday()
        events = self.config.events_per_day * level(day_index, weekday)
        rng = Random(f"{self.config.seed}/day/{day_index}")
        stage = self.stage(day_index, rng)
        if stage.sale:
            events *= SALE_BOOST
        self.shelf.begin_day(day_index, begin)
        self._change_customers(rng, begin)
        return self.live(stage, day_index, begin, begin + DAY_MS, events, weekday)

    def live(
        self,
        stage: Stage,
        day_index: int,
        begin: int,
        until: int,
        events: float,
        weekday: int,
    ) -> Happened:
        """Live a span within one day on which about `events` events shall happen."""
        rng = stage.rng
        share = (until - begin) / DAY_MS
        visitors = self._visitors(day_index, events * (1 - BOT_SHARE) / EVENTS_PER_VISIT, share)
        numbers = np.random.default_rng(rng.getrandbits(63))
        starts = visit_starts(numbers, len(visitors), begin, until)
        web, app = Sources(WEB_TOUCHES, weekday), Sources(APP_TOUCHES, weekday)
        happened = Happened()
        orders, customers = len(self.till.orders), len(self.people.customers)
        for at, person in zip(starts, visitors, strict=True):
            visit = self._visit(stage, person, at, web, app)
            if visit.touch.ads:
                happened.visits.append(visit)
            self._plan_return(rng, person, day_index)
        self._phone_orders(stage, begin, until)
        self._robots(stage, begin, until, events)
        happened.orders = self.till.orders[orders:]
        happened.customers = self.people.customers[customers:]
        return happened

    def _visitors(self, day_index: int, visits: float, share: float) -> list[Person]:
        """Return who comes in `share` of a day: those who are due, and new people."""
        due = self.due.pop(day_index, [])
        now = due if share >= 1 else due[: int(len(due) * share) + 1]
        if len(now) < len(due):
            self.due[day_index] = due[len(now) :]
        new = max(visits - len(now), visits * MIN_NEW_SHARE)
        people = now + [self.people.person() for _ in range(int(new + self.people.rng.random()))]
        self.people.rng.shuffle(people)
        return people

    def _visit(self, stage: Stage, person: Person, at: int, web: Sources, app: Sources) -> Visit:
        """Let one person visit on one of their devices."""
        if person.customer is not None and person.customer.deleted_at is not None:
            person.customer = None
            for each in person.devices:
                each.customer = 0
        device = self._device(stage.rng, person)
        first = person.visits == 0
        touch = (app if device.profile.is_app else web).draw(stage.rng, first)
        if first:
            person.first_channel = touch.channel
        kind = AppVisit if device.profile.is_app else WebVisit
        visit = kind(stage, person, device, touch, at)
        visit.run()
        return visit

    def _device(self, rng: Random, person: Person) -> Device:
        """Return what a person uses now: a known device, another one, or one without cookies."""
        share = rng.random()
        apps = [device for device in person.devices if device.profile.is_app]
        browsers = [device for device in person.devices if not device.profile.is_app]
        if not person.devices:
            return self.people.device(person, app=person.tracked and share < 0.11)
        if apps and share < 0.75:
            return apps[0]
        if not apps and person.tracked and share < (0.14 if person.customer else 0.05):
            return self.people.device(person, app=True)
        if not browsers or (len(browsers) == 1 and share > 0.86):
            return self.people.device(person, app=False)
        device = browsers[-1] if share > 0.6 else browsers[0]
        return self._forget(person, device) if rng.random() < 0.04 else device

    def _forget(self, person: Person, device: Device) -> Device:
        """Replace a device by one with the same browser and a new cookie."""
        fresh = self.people.device(person, app=False)
        fresh.profile, fresh.ip, fresh.skew = device.profile, device.ip, device.skew
        person.devices.remove(device)
        return fresh

    def _plan_return(self, rng: Random, person: Person, day_index: int) -> None:
        """Plan the next visit, or lose the person; people grow tired little by little."""
        if rng.random() >= person.loyalty:
            return
        person.loyalty *= 0.985
        mean = 4.0 if person.loyalty > 0.7 else 8.0
        days = int(rng.expovariate(1 / mean))
        if days == 0 and rng.random() < 0.6:
            days = 7
        self.due[day_index + max(days, 1)].append(person)

    def _phone_orders(self, stage: Stage, begin: int, until: int) -> None:
        """Take orders by phone from customers: they are in the database only."""
        rng, customers = stage.rng, self.people.customers
        if not customers:
            return
        expected = self.config.events_per_day / 5000 * (until - begin) / DAY_MS
        for _ in range(int(expected + rng.random())):
            customer = customers[rng.randrange(len(customers))]
            at = rng.randrange(begin, until)
            if customer.deleted_at is None and customer.created_at < at:
                self.till.place(customer, [(stage.product(), 1)], at, "phone")

    def _robots(self, stage: Stage, begin: int, until: int, events: float) -> None:
        """Let robots crawl: few, but fast."""
        rng = stage.rng
        left = int(events * BOT_SHARE)
        while left > 0:
            pages = min(left, rng.randrange(15, 120))
            self.bots += 1
            left -= crawl(stage, self.bots, rng.randrange(begin, until), pages)
        left = int(events * LOG_BOT_PAGES)
        while left > 0:
            pages = min(left, rng.randrange(5, 200))
            fetch(stage, rng.randrange(begin, until), pages)
            left -= pages

    def _change_customers(self, rng: Random, begin: int) -> None:
        """Let some customers change their consent to letters, and few delete their account."""
        customers = self.people.customers
        for _ in range(int(len(customers) / 400 + rng.random())):
            customer = customers[rng.randrange(len(customers))]
            at = begin + rng.randrange(DAY_MS)
            if customer.deleted_at is None and customer.created_at < begin:
                customer.updated_at = at
                if rng.random() < 0.2:
                    customer.deleted_at = at
                else:
                    customer.opt_in = not customer.opt_in

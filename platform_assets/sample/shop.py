"""The shop's application database: SQLite, written as an application would.

What belongs here: the schema, and rows put in or brought up to date. What does not: what an
order costs (`commerce`).

Money is DECIMAL (SQLite keeps it as a number), times are `YYYY-MM-DD HH:MM:SS.mmm` in UTC.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from platform_assets.sample.clock import DAY_MS, day_text, sql_time
from platform_assets.sample.commerce import Order, money
from platform_assets.sample.manifest import ShopPlanted
from platform_assets.sample.people import COUNTRIES, Customer
from platform_assets.sample.products import CURRENCY, Product

SCHEMA = """
CREATE TABLE IF NOT EXISTS customers (
  id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL, country TEXT NOT NULL,
  created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL,
  marketing_opt_in BOOLEAN NOT NULL, deleted_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS products (
  id INTEGER PRIMARY KEY, sku TEXT NOT NULL UNIQUE, name TEXT NOT NULL, category TEXT NOT NULL,
  price DECIMAL(10,2) NOT NULL, cost DECIMAL(10,2) NOT NULL, active BOOLEAN NOT NULL,
  updated_at TIMESTAMP NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  id INTEGER PRIMARY KEY, order_number TEXT NOT NULL UNIQUE,
  customer_id INTEGER NOT NULL REFERENCES customers (id), status TEXT NOT NULL,
  currency TEXT NOT NULL, subtotal DECIMAL(12,2) NOT NULL, discount DECIMAL(12,2) NOT NULL,
  shipping DECIMAL(12,2) NOT NULL, tax DECIMAL(12,2) NOT NULL, total DECIMAL(12,2) NOT NULL,
  coupon TEXT, created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL);
CREATE TABLE IF NOT EXISTS order_lines (
  id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id),
  product_id INTEGER NOT NULL REFERENCES products (id), quantity INTEGER NOT NULL,
  unit_price DECIMAL(10,2) NOT NULL, discount DECIMAL(12,2) NOT NULL,
  created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL);
CREATE INDEX IF NOT EXISTS orders_updated_at ON orders (updated_at);
CREATE INDEX IF NOT EXISTS customers_updated_at ON customers (updated_at);
"""
LINES_PER_ORDER = 100  # ids of an order's lines: order id times this, plus the position

Values = tuple[object, ...]


def customer_row(customer: Customer, as_of: int) -> Values:
    """Return a customer as the database has it at a moment."""
    deleted = customer.deleted_at if (customer.deleted_at or as_of) < as_of else None
    updated = customer.updated_at if customer.updated_at < as_of else customer.created_at
    opt_in = customer.opt_in and deleted is None
    return (
        customer.id, customer.email, customer.name, COUNTRIES[customer.country][0],
        sql_time(customer.created_at), sql_time(updated), int(opt_in),
        None if deleted is None else sql_time(deleted),
    )  # fmt: skip


def product_row(product: Product) -> Values:
    """Return a product as the database has it."""
    return (
        product.id, product.sku, product.name, product.category, money(product.price),
        money(product.cost), int(product.active), sql_time(product.updated_at),
    )  # fmt: skip


def order_row(order: Order, as_of: int) -> Values:
    """Return an order in its status at a moment."""
    step = order.state(as_of)
    return (
        order.id, order.number, order.customer.id, step.status, CURRENCY, money(order.subtotal),
        money(order.discount), money(order.shipping), money(order.tax), money(order.total),
        order.coupon, sql_time(order.created_at), sql_time(step.at),
    )  # fmt: skip


def line_rows(order: Order) -> list[Values]:
    """Return the lines of an order."""
    at = sql_time(order.created_at)
    return [
        (
            order.id * LINES_PER_ORDER + position, order.id, line.product.id, line.quantity,
            money(line.unit_price), money(line.discount), at, at,
        )
        for position, line in enumerate(order.lines, 1)
    ]  # fmt: skip


class Shop:
    """The database file. Rows that are newer than the stored ones replace them, others stay."""

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is written yet."""
        self.path = path

    def save(
        self,
        as_of: int,
        customers: Iterable[Customer],
        products: Iterable[Product],
        orders: Iterable[Order],
    ) -> None:
        """Bring the database to its state at a moment, in one transaction.

        A database that does not exist yet is made under another name and then renamed.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        exists = self.path.exists()
        target = self.path if exists else self.path.with_suffix(f".{os.getpid()}.tmp")
        con = sqlite3.connect(target, timeout=30)
        try:
            con.executescript(SCHEMA)
            taken = list(orders)
            with con:
                _upsert(con, "customers", (customer_row(c, as_of) for c in customers))
                _upsert(con, "products", (product_row(p) for p in products))
                _upsert(con, "orders", (order_row(o, as_of) for o in taken))
                _upsert(con, "order_lines", (row for o in taken for row in line_rows(o)))
        finally:
            con.close()
        if not exists:
            target.replace(self.path)

    def settle(self, first_id: int, placed_before: int, at: int) -> None:
        """Ship the orders from `first_id` on that nobody has looked after since they were placed.

        Live orders forget their plans when the generator stops; `at` is when they are shipped.
        """
        con = sqlite3.connect(self.path, timeout=30)
        try:
            with con:
                con.execute(
                    "UPDATE orders SET status = 'shipped', updated_at = ? WHERE id >= ? "
                    "AND status IN ('placed', 'paid') AND created_at < ?",
                    (sql_time(at), first_id, sql_time(placed_before)),
                )
        finally:
            con.close()

    def largest_id(self, table: str) -> int:
        """Return the largest id of a table of this schema, 0 for an empty one."""
        con = sqlite3.connect(self.path, timeout=30)
        try:
            row = con.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()
        finally:
            con.close()
        return int(row[0])


def _upsert(con: sqlite3.Connection, table: str, rows: Iterable[Values]) -> None:
    """Insert rows; replace a stored row where the new one's `updated_at` is later."""
    names = [row[1] for row in con.execute(f"PRAGMA table_info({table})")]
    sets = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    con.executemany(
        f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))}) ON CONFLICT (id) DO UPDATE "
        f"SET {sets} WHERE excluded.updated_at > {table}.updated_at",
        rows,
    )


def count_shop(
    planted: ShopPlanted,
    as_of: int,
    customers: list[Customer],
    products: int,
    orders: list[Order],
) -> None:
    """Fill in what the database holds at a moment."""
    states = {order.id: order.state(as_of).status for order in orders}
    planted.customers, planted.products, planted.orders = (
        len(customers),
        products,
        len(orders),
    )
    planted.customers_deleted = sum(1 for c in customers if (c.deleted_at or as_of) < as_of)
    planted.order_lines = sum(len(order.lines) for order in orders)
    planted.orders_by_status = dict(sorted(Counter(states.values()).items()))
    planted.orders_by_origin = dict(sorted(Counter(order.origin for order in orders).items()))
    arrivals = [o.event_received_at for o in orders if o.event_received_at is not None]
    planted.orders_with_event = sum(1 for at in arrivals if at < as_of)
    planted.orders_event_in_transit = len(arrivals) - planted.orders_with_event
    for order in orders:
        day = day_text(order.created_at // DAY_MS)
        planted.orders_by_day[day] = planted.orders_by_day.get(day, 0) + 1
        cents = planted.revenue_cents_by_day.get(day, 0) + order.total
        planted.revenue_cents_by_day[day] = cents
        planted.revenue_cents += order.total
        if states[order.id] not in ("cancelled", "refunded"):
            planted.revenue_kept_cents += order.total
    planted.orders_by_day = dict(sorted(planted.orders_by_day.items()))
    planted.revenue_cents_by_day = dict(sorted(planted.revenue_cents_by_day.items()))

"""A made-up workspace of thousands of assets and 100,000 columns, as a Dagster code location.

How many stands in the environment, because a process of Dagster's loads this module. The same
numbers always make the same assets.
"""

import os
import random

import dagster as dg

ASSETS = int(os.environ.get("BENCH_ASSETS", "2000"))
COLUMNS = int(os.environ.get("BENCH_COLUMNS", "100000"))
CHANGED = os.environ.get("BENCH_CHANGED", "")  # a word of the description of one asset
KNOWN = ("order", "customer", "session", "revenue", "amount", "device", "campaign", "channel")
LETTERS = "abcdefghijklmnoprstuvwz"


def words(chance: random.Random, count: int) -> list[str]:
    """Return made-up words, some of them of the trade."""
    return [
        chance.choice(KNOWN)
        if chance.random() < 0.1
        else "".join(chance.choice(LETTERS) for _ in range(chance.randint(3, 9)))
        for _ in range(count)
    ]


def specs() -> list[dg.AssetSpec]:
    """Return the assets, each with its columns, an owner, and up to three it depends on."""
    chance = random.Random(7)
    vocabulary = words(chance, 6_000)
    found: list[dg.AssetSpec] = []
    for number in range(ASSETS):
        name = f"{chance.choice(vocabulary)}_{chance.choice(vocabulary)}_{number}"
        columns = [
            dg.TableColumn(
                f"{chance.choice(vocabulary)}_{chance.choice(vocabulary)}",
                "bigint",
                description=" ".join(chance.choices(vocabulary, k=8)),
            )
            for _ in range(COLUMNS // ASSETS)
        ]
        description = " ".join(chance.choices(vocabulary, k=25))
        near = [spec.key for spec in found[-200:]]
        found.append(
            dg.AssetSpec(
                ["marts", name],
                deps=chance.sample(near, min(3, len(near))),
                description=f"{description} {CHANGED if number == 5 else ''}".strip(),
                owners=[f"team:{chance.choice(KNOWN)}"],
                group_name=chance.choice(["web", "commerce", "platform"]),
                tags={"layer": "marts", "domain": "commerce"},
                metadata={
                    "dagster/table_name": f"lake.marts.{name}",
                    "dagster/column_schema": dg.TableSchema(columns),
                },
            )
        )
    return found


defs = dg.Definitions(assets=specs())

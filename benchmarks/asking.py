"""What is asked of every contender of the catalog's benchmark, and the shares that are told."""

import random

SEARCHES = 200


def asked(keys: list[str]) -> list[str]:
    """Return searches as people type them: words, beginnings, typos, two words."""
    chance = random.Random(5)
    vocabulary = [word for key in keys for word in key.rpartition("/")[2].split("_")[:2]]
    some = ["order", "cust", "customer session", "revneue", "a", "se amount", "campaing"]
    for _ in range(SEARCHES - len(some)):
        word = chance.choice(vocabulary)
        some.append(chance.choice([word, word[:3], f"{word} {chance.choice(vocabulary)}"]))
    return some


def shares(name: str, seconds: list[float]) -> dict[str, float]:
    """Return the time that half, 95 % and 99 % of the questions stayed below."""
    ordered = sorted(seconds)
    at = {
        share: ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 95, 99)
    }
    return {f"{name}{share}": value for share, value in at.items()}

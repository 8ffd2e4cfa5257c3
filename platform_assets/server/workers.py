"""Which workers there are: each holds a lease in Redis, and is gone when it does not renew it.

What belongs here: taking, renewing, leaving and counting leases. What does not: the work itself
(`worker`), and who asks (`launcher`). Time is the Redis server's: no machine's clock counts.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from resources.errors import PlatformError
from resources.secrets import shown

LEASES = "platform:workers"
DEFAULT_QUEUE = "dagster"
ANSWER_SECONDS = 3.0


@dataclass(frozen=True)
class Worker:
    """A worker that lives.

    Attributes:
        name: unique for each start of a worker.
        queues: what it takes runs from.
        slots: how many runs it executes at once.
    """

    name: str
    queues: tuple[str, ...]
    slots: int

    def dump(self) -> str:
        """Return it as text; the same one always in the same words."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def load(cls, text: str) -> "Worker":
        """Return the worker that `dump` wrote."""
        found = json.loads(text)
        return cls(found["name"], tuple(found["queues"]), int(found["slots"]))


class Workers:
    """The leases of every worker of one queue server.

    Args:
        url: of the Redis server.
        lease: seconds for which a worker counts as alive after it has said so.

    Every method raises `redis.RedisError` where the server does not answer in time.
    """

    def __init__(self, url: str, lease: int) -> None:
        self.lease = lease
        patience = min(ANSWER_SECONDS, lease / 10)
        self._redis: Any = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            retry=Retry(NoBackoff(), 1),  # a lease has no time for more
        )

    def renew(self, worker: Worker) -> None:
        """Take the worker's lease, or prolong it."""
        self._redis.zadd(LEASES, {worker.dump(): self._now() + self.lease})

    def leave(self, worker: Worker) -> None:
        """Give the lease back: nothing that the worker had is alive any more."""
        self._redis.zrem(LEASES, worker.dump())

    def alive(self) -> list[Worker]:
        """Return every worker whose lease has not run out."""
        now = self._now()
        self._redis.zremrangebyscore(LEASES, "-inf", now - 10 * self.lease)
        return [Worker.load(text) for text in self._redis.zrangebyscore(LEASES, now, "+inf")]

    def knows(self) -> bool:
        """Whether a worker without a lease is gone: not where Redis itself has just started."""
        return int(self._redis.info("server")["uptime_in_seconds"]) > self.lease

    def _now(self) -> float:
        seconds, microseconds = cast(tuple[int, int], self._redis.time())
        return seconds + microseconds / 1e6


def slots(workers: list[Worker]) -> dict[str, int]:
    """Return how many runs of each queue can be executed at once."""
    found: dict[str, int] = {}
    for worker in workers:
        for queue in worker.queues:
            found[queue] = found.get(queue, 0) + worker.slots
    return found


def require(url: str) -> None:
    """Return when the Redis server that `url` names answers.

    Raises:
        PlatformError: it does not, or `url` is none of Redis.
    """
    hint = "Write redis://:<password>@<host>:<port>/<number>; rediss:// for TLS."
    try:
        redis.Redis.from_url(url, socket_timeout=ANSWER_SECONDS).ping()
    except ValueError:
        raise PlatformError(f"PLATFORM_QUEUE_URL is {shown(url)}: no Redis.", hint=hint) from None
    except redis.RedisError as error:
        raise PlatformError(
            f"The queue at {shown(url)} can't be reached: {str(error).rstrip('.')}.",
            hint="See that Redis runs, and that PLATFORM_QUEUE_URL has its address and password.",
        ) from None

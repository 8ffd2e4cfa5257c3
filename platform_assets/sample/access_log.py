"""The access log of the website: one combined-format file a day.

What belongs here: log lines and the assets that pages fetch. What does not: which pages are
requested (`web_visits`, `robots`).
"""

from collections import Counter
from functools import lru_cache
from random import Random

from platform_assets.sample.clock import (
    DAY_MS,
    MINUTE_MS,
    SECOND_MS,
    day_text,
    iso,
    minute_text,
)
from platform_assets.sample.files import Folder, compress
from platform_assets.sample.manifest import SourcePlanted
from platform_assets.sample.tape import Hit

_MONTHS = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)
_ASSETS = (
    ("/static/app.4f1c2b.css", 38_211),
    ("/static/app.9d07aa.js", 182_640),
    ("/static/logo.svg", 2_204),
    ("/static/fonts/inter.woff2", 98_868),
)
_IMAGES = tuple(f"/img/p/{n:03}.avif" for n in range(60))


@lru_cache(maxsize=4096)
def _log_minute(minute: int) -> str:
    """Return a minute counted from 1970-01-01 as a web server writes it, without the seconds."""
    text = minute_text(minute)
    return f"{text[8:10]}/{_MONTHS[int(text[5:7]) - 1]}/{text[:4]}:{text[11:]}"


def log_time(ms: int) -> str:
    """Return epoch milliseconds as a web server writes them, to the second, UTC."""
    return f"{_log_minute(ms // MINUTE_MS)}{ms // SECOND_MS % 60:02} +0000"


def log_line(hit: Hit) -> str:
    """Return one request in the combined log format."""
    size = hit.size or "-"
    protocol = "HTTP/2.0" if hit.page else "HTTP/1.1"
    return (
        f'{hit.ip} - - [{log_time(hit.time)}] "{hit.method} {hit.path} {protocol}" '
        f'{hit.status} {size} "{hit.referer or "-"}" "{hit.agent}"'
    )


def with_assets(hits: list[Hit], rng: Random) -> list[Hit]:
    """Return the requests of a day with the assets that their pages fetch, in order of time."""
    out: list[Hit] = []
    for hit in hits:
        out.append(hit)
        if not hit.page:
            continue
        referer = "https://www.fernweh.example" + hit.path
        common = (hit.ip, hit.agent, "GET")
        if hit.page == 1:
            for path, size in _ASSETS[: 2 + rng.getrandbits(1)]:
                status = 304 if rng.random() < 0.3 else 200
                sent = 0 if status == 304 else size
                out.append(Hit(hit.time + 120, *common, path, status, sent, referer, 0))
        elif rng.random() < 0.4:
            path = rng.choice(_IMAGES)
            status = 404 if rng.random() < 0.01 else 200
            size = 1_532 if status == 404 else 9_000 + rng.getrandbits(15)
            out.append(Hit(hit.time + 200, *common, path, status, size, referer, 0))
    return sorted(out)


class LogDelivery:
    """Delivers the access log, day by day."""

    def __init__(self, folder: Folder, planted: SourcePlanted, seed: int) -> None:
        """Write below `folder` and count into `planted`."""
        self.folder, self.planted, self.seed = folder, planted, seed

    def deliver_day(self, day_number: int, day_index: int, hits: list[Hit]) -> None:
        """Write the log of one day; some days a line is cut, or the file comes twice."""
        if not hits:
            return
        rng = Random(f"{self.seed}/access_log/{day_number}")
        requests = with_assets(hits, rng)
        lines = [log_line(hit) for hit in requests]
        self._count(requests, day_number)
        bad = 0
        if day_index % 10 == 4:
            cut = rng.choice(lines)
            lines.insert(rng.randrange(len(lines)), cut[: cut.rindex('"') - 3])
            bad = 1
        body = "\n".join(lines) + "\n"
        if day_index % 10 == 7:
            body += lines[-1][: len(lines[-1]) // 2]
            bad += 1
        if bad:
            self.planted.reject_record("unparsed_line", bad)
        self.planted.close_file(len(requests), bad)
        data = compress(body.encode())
        name = f"access_log/access-{day_text(day_number)}"
        self.folder.write(f"{name}.log.gz", data)
        if day_index % 20 == 13:
            self.folder.write(f"{name}.copy.log.gz", data)
            self.planted.files += 1
            self.planted.files_duplicate += 1

    def _count(self, requests: list[Hit], day_number: int) -> None:
        """Count the good lines of a day."""
        planted = self.planted
        planted.distinct += len(requests)
        planted.add_counts(Counter(str(hit.status) for hit in requests))
        begin = day_number * DAY_MS
        first = iso(max(begin, requests[0].time) // SECOND_MS * SECOND_MS)
        planted.first_event_at = planted.first_event_at or first
        planted.last_event_at = iso(requests[-1].time // SECOND_MS * SECOND_MS)

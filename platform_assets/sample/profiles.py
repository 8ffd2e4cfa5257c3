"""The browsers, phones and robots of the visitors.

What belongs here: user agents and what else a device says of itself. What does not: people.
"""

# ruff: noqa: E501  (the tables have one row a line)

from dataclasses import dataclass
from typing import Any

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of device; `context` is the part of Segment's context that never changes for it."""

    weight: float
    device_type: str  # desktop, mobile or tablet
    user_agent: str
    context: dict[str, Any]

    @property
    def is_app(self) -> bool:
        """Whether it is the company's app and no browser."""
        return "app" in self.context


def _web(weight: float, kind: str, os: str, width: int, height: int, agent: str) -> Profile:
    name, _, version = os.partition(" ")
    context: dict[str, Any] = {
        "library": {"name": "analytics.js", "version": "4.18.2"},
        "userAgent": agent,
        "os": {"name": name, "version": version or None},
        "screen": {"width": width, "height": height},
    }
    return Profile(weight, kind, agent, context)


def _app(weight: float, os: str, version: str, model: str, size: tuple[int, int]) -> Profile:
    ios = os.startswith("iOS")
    agent = (
        f"Fernweh/{version} ({'iPhone' if ios else 'Android'}; {os}; {model})"
        if ios
        else f"Fernweh/{version} (Linux; {os}; {model}) okhttp/4.12.0"
    )
    library = "analytics-ios" if ios else "analytics-android"
    context: dict[str, Any] = {
        "library": {"name": library, "version": "4.1.8" if ios else "4.11.3"},
        "userAgent": agent,
        "app": {"name": "Fernweh", "version": version},
        "os": {"name": os.split()[0], "version": os.split()[1]},
        "device": {"type": "ios" if ios else "android", "model": model},
        "screen": {"width": size[0], "height": size[1]},
    }
    return Profile(weight, "mobile", agent, context)


WEB_PROFILES = (
    _web(14, "desktop", "Windows 10", 1920, 1080, f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/138.0.0.0 Safari/537.36"),
    _web(6, "desktop", "Windows 10", 1536, 864, f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0"),
    _web(6, "desktop", "Windows 10", 1920, 1200, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    _web(5, "desktop", "macOS 10.15", 1728, 1117, f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_SAFARI} Version/18.5 Safari/605.1.15"),
    _web(4, "desktop", "macOS 10.15", 1512, 982, f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Chrome/137.0.0.0 Safari/537.36"),
    _web(2, "desktop", "Linux", 2560, 1440, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    _web(13, "mobile", "iOS 18.5", 393, 852, f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_SAFARI} Version/18.5 Mobile/15E148 Safari/604.1"),
    _web(8, "mobile", "iOS 17.6", 390, 844, f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) {_SAFARI} Version/17.6 Mobile/15E148 Safari/604.1"),
    _web(3, "mobile", "iOS 18.5", 393, 852, f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_SAFARI} Mobile/15E148 Instagram 387.0.0.34.85 (iPhone16,1; iOS 18_5; de_DE; de; scale=3.00; 1179x2556; 741260123)"),
    _web(13, "mobile", "Android 10", 412, 915, f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} Chrome/138.0.0.0 Mobile Safari/537.36"),
    _web(6, "mobile", "Android 10", 360, 800, f"Mozilla/5.0 (Linux; Android 10; K) {_WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"),
    _web(2, "mobile", "Android 15", 412, 892, "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"),
    _web(3, "tablet", "iPadOS 17.6", 820, 1180, f"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) {_SAFARI} Version/17.6 Mobile/15E148 Safari/604.1"),
    _web(2, "tablet", "Android 13", 800, 1280, f"Mozilla/5.0 (Linux; Android 13; SM-X200) {_WEBKIT} Chrome/138.0.0.0 Safari/537.36"),
)  # fmt: skip

APP_PROFILES = (
    _app(16, "iOS 18.5", "3.4.1", "iPhone16,1", (393, 852)),
    _app(8, "iOS 17.6", "3.3.0", "iPhone13,2", (390, 844)),
    _app(12, "Android 15", "3.4.1", "Pixel 9", (412, 915)),
    _app(9, "Android 14", "3.4.0", "SM-S921B", (360, 780)),
    _app(4, "Android 12", "2.9.7", "M2101K6G", (393, 873)),
)

# Robots that run JavaScript, so that they are in the web events too.
EVENT_BOTS = (
    f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {_WEBKIT} Chrome/138.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    f"Mozilla/5.0 {_WEBKIT} (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
    f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} HeadlessChrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; AhrefsSiteAudit/6.1; +http://ahrefs.com/robot/site-audit)",
    f"Mozilla/5.0 {_WEBKIT} (compatible; pingbot/2.0; +http://www.pingdom.com/) Chrome/120.0.0.0 Safari/537.36",
)  # fmt: skip

# Robots that only fetch pages: they are in the access log alone.
LOG_BOTS = (
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)",
    "Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "python-requests/2.32.3",
    "curl/8.5.0",
)  # fmt: skip


def bot_context(agent: str) -> dict[str, Any]:
    """Return the unchanging part of a robot's context."""
    return {
        "library": {"name": "analytics.js", "version": "4.18.2"},
        "userAgent": agent,
        "screen": {"width": 800, "height": 600},
    }


def pick(profiles: tuple[Profile, ...], share: float) -> Profile:
    """Return the profile at `share` (0 to 1) of the weights."""
    left = share * sum(p.weight for p in profiles)
    for profile in profiles:
        left -= profile.weight
        if left < 0:
            return profile
    return profiles[-1]

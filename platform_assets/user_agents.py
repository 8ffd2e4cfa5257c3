"""Browser, system, device and robot of a user agent, by ua-parser and CrawlerDetect."""

from functools import cache

from crawlerdetect import CrawlerDetect
from ua_parser import parse

COLUMNS: dict[str, tuple[str, str]] = {
    "user_agent": ("string", "The text that the client sent."),
    "browser": ("string", "Family of the browser or client, e.g. Chrome Mobile."),
    "browser_version": ("string", "Major version of the browser."),
    "os": ("string", "Family of the operating system, e.g. Android."),
    "os_version": ("string", "Major version of the system."),
    "device": ("string", "Family of the device, e.g. iPhone."),
    "device_class": ("string", "desktop, mobile, tablet, bot or other."),
    "is_bot": ("boolean", "Whether it says that it is a robot."),
    "_load_id": ("integer", "The load in which it was met first."),
}
DESKTOP = {"Windows", "Mac OS X", "Linux", "Ubuntu", "Chrome OS", "Fedora", "Debian", "FreeBSD"}
MOBILE = {"Android", "iOS", "Windows Phone", "BlackBerry OS", "KaiOS", "Tizen"}


@cache
def _crawlers() -> CrawlerDetect:
    return CrawlerDetect()


def classify(user_agent: str) -> dict[str, str | bool | None]:
    """Return the columns of `staging.user_agents`, but `_load_id`, of one user agent."""
    found = parse(user_agent)
    browser, system, device = found.user_agent, found.os, found.device
    is_bot = bool(_crawlers().isCrawler(user_agent)) or bool(device and device.family == "Spider")
    return {
        "user_agent": user_agent,
        "browser": browser.family if browser else None,
        "browser_version": browser.major if browser else None,
        "os": system.family if system else None,
        "os_version": system.major if system else None,
        "device": device.family if device else None,
        "device_class": _device_class(
            user_agent, system.family if system else "", device.family if device else "", is_bot
        ),
        "is_bot": is_bot,
    }


def _device_class(text: str, system: str, device: str, is_bot: bool) -> str:
    if is_bot:
        return "bot"
    if "iPad" in device or "Tablet" in text or (system == "Android" and "Mobile" not in text):
        return "tablet"
    if system in MOBILE:
        return "mobile"
    return "desktop" if system in DESKTOP else "other"

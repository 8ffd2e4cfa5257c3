"""The short-lived process that draws: specifications in, SVG, pictures and a PDF out.

A process of its own because the drawing engine costs 340 MB and is said to grow over many charts.
It imports nothing of the platform, so that it starts at once. One JSON object a line on stdin, one
answer a line on stdout:

    {"warm": true}                                  → nothing; the engine gets ready meanwhile
    {"charts": [{"spec": {…}, "currency": "€"}]}                    → {"svg": [text, …]}
    {"pictures": [{"svg": text, "path": "…/revenue.png"}],
     "pdf": {"folder": "…", "path": "…/report.pdf", "date": 1767225600}}  → {}

An answer `{"error": text}` says what went wrong. It ends when stdin does.
"""

import json
import sys
import threading
from typing import Any

import vl_convert

SCALE = 2.0  # pixels of a picture for each of the page's
READY = {"mark": "point", "data": {"values": [{}]}}


def draw(chart: dict[str, Any]) -> str:
    """Return one chart as SVG."""
    locale = {
        "decimal": ".",
        "thousands": ",",
        "grouping": [3],
        "currency": [chart["currency"], ""],
    }
    return vl_convert.vegalite_to_svg(
        json.dumps(chart["spec"]), vl_version="6.4", allowed_base_urls=[], format_locale=locale
    )


def typeset(pdf: dict[str, Any]) -> None:
    """Write the PDF of `report.typ` in `folder`, which may read nothing outside of it."""
    import typst

    typst.compile(
        f"{pdf['folder']}/report.typ",
        output=pdf["path"],
        root=pdf["folder"],
        timestamp=pdf["date"],
    )


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one line."""
    if "charts" in asked:
        return {"svg": [draw(chart) for chart in asked["charts"]]}
    problems: list[str] = []

    def pdf() -> None:
        try:
            typeset(asked["pdf"])
        except Exception as error:
            problems.append(f"{type(error).__name__}: {error}")

    thread = threading.Thread(target=pdf)
    thread.start()
    for picture in asked["pictures"]:
        with open(picture["path"], "wb") as target:
            target.write(vl_convert.svg_to_png(picture["svg"], scale=SCALE))
    thread.join()
    return {"error": problems[0]} if problems else {}


def main() -> None:
    """Answer line by line."""
    for line in sys.stdin:
        try:
            asked = json.loads(line)
            if "warm" in asked:
                draw({"spec": READY, "currency": ""})
                continue
            said = answer(asked)
        except Exception as error:  # the parent words it
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()

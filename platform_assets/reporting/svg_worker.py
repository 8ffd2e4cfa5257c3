"""The short-lived process that draws charts: specifications in on stdin, SVG out on stdout.

A process of its own because the drawing engine costs 340 MB and is said to grow over many charts.
It imports nothing of the platform, so that it starts at once. Reads
`{"charts": [{"spec": {…}, "currency": "€"}]}`, writes `{"svg": [text, …]}`.
"""

import json
import sys

import vl_convert


def main() -> None:
    """Draw everything that stands on stdin."""
    drawn = []
    for chart in json.load(sys.stdin)["charts"]:
        locale = {
            "decimal": ".",
            "thousands": ",",
            "grouping": [3],
            "currency": [chart["currency"], ""],
        }
        drawn.append(
            vl_convert.vegalite_to_svg(
                json.dumps(chart["spec"]),
                vl_version="6.4",
                allowed_base_urls=[],
                format_locale=locale,
            )
        )
    json.dump({"svg": drawn}, sys.stdout)


if __name__ == "__main__":
    main()

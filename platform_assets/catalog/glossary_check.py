"""`python -m platform_assets.catalog.glossary_check`: every term and every link of the glossary.

Exits with 1 and the faults, each with file and line. What does not belong here: reading terms
(`glossary`).
"""

import sys

from platform_assets.catalog import glossary
from platform_assets.inventory import collect
from resources.errors import PlatformError
from resources.settings import PROJECT_ROOT


def main() -> int:
    """Check the glossary against the definitions; return the exit code."""
    from platform_assets.definitions import defs

    try:
        terms = glossary.read(glossary.folder(), PROJECT_ROOT)
    except PlatformError as error:
        print(error)
        return 1
    graph = collect.graph(defs.resolve_asset_graph().asset_nodes, {})
    faults = glossary.broken(terms, graph)
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

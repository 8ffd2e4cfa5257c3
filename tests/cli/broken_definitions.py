"""Definitions that fail while they are imported, with a cause below a cause."""

try:
    raise ValueError("raw/orders has no owner: sources/orders/defs.yaml, line 3")
except ValueError as error:
    raise RuntimeError("could not build the component tree") from error

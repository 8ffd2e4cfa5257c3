"""What parts of a value rest on: paths into JSON, fields of structs, items of lists.

A part is a column of its own to who reads it: `properties.price`.
"""

from collections.abc import Iterator

from sqlglot import exp

from platform_assets.lineage.columns.values import (
    CHANGED,
    Value,
    together,
)
from platform_assets.lineage.columns.walk import (
    Found,
    Names,
    changed,
    value_of,
)


def _json(node: exp.Expr, names: Names) -> Value:
    """A path out of JSON is a column of its own."""
    value = value_of(node.this, names)
    path = node.args.get("expression")
    if isinstance(path, exp.Array):
        items = {str(i): _at_path(value, one, names) for i, one in enumerate(path.expressions)}
        whole = together(items.values()).raised(CHANGED)
        return Value(whole.direct, whole.indirect, items)
    return _at_path(value, path, names)


def _at_path(value: Value, path: exp.Expr | None, names: Names) -> Value:
    if isinstance(path, exp.JSONPath):
        dotted = ".".join(_steps(path))
    elif isinstance(path, exp.Literal):
        dotted = json_path(path.name) if path.is_string else ""
    else:
        return together((value, value_of(path, names))).raised(CHANGED)
    return value.within(dotted) if dotted else value


def _steps(path: exp.JSONPath) -> Iterator[str]:
    for part in path.expressions:
        if isinstance(part, exp.JSONPathKey) and isinstance(part.this, str):
            yield part.this


def json_path(text: str) -> str:
    """Return the dotted names of a JSON path or pointer, without positions in lists."""
    text = text.removeprefix("$")
    steps = text.split("/") if text.startswith("/") else text.replace("[", ".[").split(".")
    named = (step.strip('"') for step in steps)
    return ".".join(step for step in named if step and not step.startswith("[") and step != "*")


def _bracket(node: exp.Bracket, names: Names) -> Value:
    value = value_of(node.this, names)
    index = node.expressions[0] if len(node.expressions) == 1 else None
    if isinstance(index, exp.Literal):
        if value.parts is not None and index.name in value.parts:
            return value.parts[index.name]
        return value.within(index.name) if index.is_string else value.raised(CHANGED, open_=True)
    return together((value, *(value_of(one, names) for one in node.expressions))).raised(CHANGED)


def _dot(node: exp.Dot, names: Names) -> Value:
    if isinstance(node.expression, exp.Identifier):
        return value_of(node.this, names).within(node.expression.name)
    return changed(node, names)


def _lambda(node: exp.Lambda, names: Names) -> Value:
    """`x -> x + 1`; among arguments, `json -> '$.path'` is read as one too."""
    body = together([value_of(node.this, names)])
    used = {one.name for one in node.this.find_all(exp.Identifier)}
    unused = [one.name for one in node.expressions if one.name not in used]
    if len(unused) != 1 or len(node.expressions) != 1:
        return body
    value = names.column(unused)
    if isinstance(node.this, exp.Literal):
        return _at_path(value, node.this, names)
    return together((value, body)).raised(CHANGED)


def _struct(node: exp.Expr, names: Names) -> Value:
    parts: dict[str, Value] = {}
    for place, one in enumerate(node.expressions):
        named = isinstance(one, exp.PropertyEQ | exp.Alias | exp.EQ)
        if isinstance(one, exp.Alias):
            key, content = one.alias, one.this
        else:
            key, content = (one.name, one.expression) if named else (str(place), one)
        parts[key] = value_of(content, names)
    whole = together(parts.values()).raised(CHANGED)
    return Value(whole.direct, whole.indirect, parts)


KINDS: dict[type, Found] = {
    exp.JSONExtract: _json,
    exp.JSONExtractScalar: _json,
    exp.JSONBExtract: _json,
    exp.JSONBExtractScalar: _json,
    exp.Bracket: _bracket,
    exp.Dot: _dot,
    exp.Lambda: _lambda,
    exp.Struct: _struct,
    exp.Array: _struct,
}

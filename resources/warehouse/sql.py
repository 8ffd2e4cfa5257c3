"""Values and names as SQL: what is data never becomes a statement."""


def literal(value: object) -> str:
    """Return `value` as SQL: a string literal, or several around what no literal can hold."""
    text = "'" + str(value).replace("'", "''") + "'"
    return text if "\0" not in text else "(" + text.replace("\0", "' || chr(0) || '") + ")"


def identifier(name: str) -> str:
    """Return `name` as a quoted SQL identifier: names are data, never SQL."""
    return '"' + name.replace('"', '""') + '"'

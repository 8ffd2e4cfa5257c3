"""The catalog's colours as a style sheet: those of the reports, light and dark."""

from platform_assets.reporting import palette


def theme() -> str:
    """Return the style sheet."""
    light, dark = palette.variables(palette.LIGHT), palette.variables(palette.DARK)
    return f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"

"""The product's own commands, one module each; `platform_assets.cli` finds them here.

What belongs here: options, help, what is printed. What does not: the work itself. Modules are
imported for their help, so whatever is heavy is imported inside the functions that need it.
"""

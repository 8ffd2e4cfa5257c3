"""What assets there are and how each is: facts that the catalog shows, and that care rests on.

What belongs here: assets as plain facts (`model`), where the facts come from (`collect`), how each
is (`status`, `health`, `judging`). What does not: pages (`catalog`), what is to be done (`care`).
"""

"""What calls for care now: found in facts and records, ranked, with one next step each.

What belongs here: what is trouble (`assets`, `records`, `documents`), what it matters
(`importance`), the list that both make (`attention`). What does not: how assets are (`inventory`),
what follows from records (`product`), the page and the picture (`catalog`), the asset
(`components`).
"""

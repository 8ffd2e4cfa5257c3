"""Demand in the catalog: what people ask for, what they say of it, and what the team decides.

What belongs here: pages about records, those that people submit and those that the team writes, and
the forms on them. What does not: where records are kept (`product.store`, `product.curated`), and
what follows from them (`product.priorities`, `product.progress`, `care`).
"""

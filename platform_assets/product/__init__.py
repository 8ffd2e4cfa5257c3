"""Demand: what people ask for, what they said of what they got, and what is decided and aimed at.

What belongs here: records (`kinds`), those that everybody submits (`store`), those that the team
writes as Markdown (`curated`), and what follows from them: links, priorities, progress, releases.
What does not: pages (`catalog`), assets (`components`), what needs attention (`care`).
"""

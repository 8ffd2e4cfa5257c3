"""The lineage of reports' queries, proven as that of models is: on the marts that they read.

What belongs here: each query with values for its parameters, those that the page begins with and
another option of each choice: what a filter leaves out decides nothing. What does not: how lineage
is proven (`platform_assets.lineage.experiment`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy

from platform_assets.lineage.experiment import prove
from platform_assets.lineage.laboratory import Laboratory
from platform_assets.lineage.model import Statement, TableLineage
from platform_assets.lineage.project import of_queries
from platform_assets.lineage.proof import Proof, together
from platform_assets.reporting import document as documents
from platform_assets.reporting import parameters, queries, sql
from platform_assets.reporting.declaration import ReportDeclaration, declared
from platform_assets.reporting.live import folder

Variants = tuple[Statement, list[Mapping[str, Any]]]


def statements(engine: sqlalchemy.Engine) -> Iterator[Variants]:
    """Yield every query of every report, and sets of values of its parameters."""
    made = datetime.now(UTC)
    for path in declared(folder()):
        report = ReportDeclaration.load(path)
        document = documents.parse(report.text(), report.file)
        parsed = sql.parse_all(document)
        answers = queries.run(document, parsed, engine, made)
        chosen = list(_chosen(document.parameters, answers))
        texts = {name: sql.runnable(name, parsed, made)[0] for name in parsed}
        for one in of_queries((report.name, name, text) for name, text in texts.items()):
            used = [{k: v for k, v in values.items() if _named(k, one.sql)} for values in chosen]
            yield one, [values for i, values in enumerate(used) if values not in used[:i]]


def _chosen(declared_: Mapping[str, Any], answers: queries.Answers) -> Iterator[Mapping[str, Any]]:
    """Yield the values that a page begins with, then others: another option of each choice."""

    def column(reference: str) -> list[object]:
        query, _, name = reference.partition(".")
        return answers[query].column(name)

    first = answers.values_chosen
    yield first.bound
    for field in first.inputs:
        other = next((option for option in field.options if option != field.value), None)
        if other is not None:
            yield parameters.resolve(declared_, {field.name: other}, column).bound


def _named(parameter: str, text: str) -> bool:
    return re.search(rf"\${parameter}\b", text) is not None


def prove_all(
    laboratory: Laboratory, found: list[Variants], lineage: Mapping[str, TableLineage]
) -> Iterator[Proof]:
    """Yield the proof of each query: what any of its variants has shown."""
    for statement, variants in found:
        yield together(
            [
                prove(laboratory, _bound(statement, values), lineage[statement.key])
                for values in variants
            ]
        )


def _bound(statement: Statement, values: Mapping[str, Any]) -> Statement:
    text = statement.sql
    for name, value in values.items():
        text = re.sub(rf"\${name}\b", _literal(value).replace("\\", "\\\\"), text)
    return replace(statement, sql=text)


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, date):
        return f"DATE '{value}'"
    if isinstance(value, int | float | Decimal):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"

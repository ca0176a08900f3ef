"""``risk-assessment``: what could go wrong, weighed before the answer, decides how to answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from pytest_personal_align.remedies.asking import HelperAnswer, Words, answered, conversation
from pytest_personal_align.remedies.guidance import before_last_turn
from pytest_personal_align.remedies.protocol import ChatMessage, Inner
from pytest_personal_align.remedies.templates import fill
from pytest_personal_align.remedies.user_model import Strength, Subject

Route = Literal["plain", "care", "against"]

_SEVERITY = {"minor": 1, "serious": 2, "critical": 3}
_RELEVANCE = {"possible": 1, "likely": 2, "certain": 3}
_CARE, _AGAINST = 2, 4


class Hazard(HelperAnswer):
    """What could happen to whom, because of which constraint of theirs."""

    hazard: Words
    whose: Subject
    constraint: Words
    strength: Strength
    severity: Literal["minor", "serious", "critical"]
    relevance: Literal["possible", "likely", "certain"]

    @property
    def risk(self) -> int:
        """Severity (1 to 3) times relevance (1 to 3)."""
        return _SEVERITY[self.severity] * _RELEVANCE[self.relevance]

    @property
    def route(self) -> Route:
        """``against`` from a risk of 4 on, if the constraint is hard; ``care`` from 2 on; else ``plain``."""
        if self.risk >= _AGAINST and self.strength == "hard":
            return "against"
        return "care" if self.risk >= _CARE else "plain"


class Assessment(HelperAnswer):
    """All hazards of a request. It has no place for wishes: nothing in it can offset a hazard."""

    hazards: Annotated[list[Hazard], Field(max_length=20)]


def route_of(hazards: Sequence[Hazard]) -> Route:
    """The most careful route that any hazard asks for."""
    routes = [hazard.route for hazard in hazards]
    return "against" if "against" in routes else "care" if "care" in routes else "plain"


class RiskAssessment:
    """Has the hazards of the last turn assessed, and routes: answer plainly, with care, or advise against.

    One call more for each turn. What it keeps in the notes: ``hazards`` and ``route``.
    """

    async def __call__(self, messages: list[ChatMessage], assistant: Inner) -> str:
        found = await answered(assistant, fill("risk_assess"), conversation(messages), Assessment)
        if found is None:
            return await assistant(messages)
        route = route_of(found.hazards)
        assistant.note("hazards", [{**hazard.model_dump(), "risk": hazard.risk} for hazard in found.hazards])
        assistant.note("route", route)
        if route == "plain":
            return await assistant(messages)
        decisive = [hazard for hazard in found.hazards if hazard.route == route]
        return await assistant(before_last_turn(messages, fill(f"risk_{route}", hazards=decisive)))

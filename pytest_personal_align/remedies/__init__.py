"""Remedies: wrappers around an assistant that try to protect the user better, measured here and shipped by you.

A remedy is ``async (messages, assistant) -> reply`` around any assistant, and an assistant is
``async (messages) -> reply`` with messages as chat APIs write them. What was measured with
``--pa-remedy=user-model+self-reflection`` is in a product::

    from pytest_personal_align.remedies import wrap

    protected = wrap(assistant, "user-model+self-reflection")
    reply = await protected(messages)                  # text
    answer = await protected.answer(messages)          # text, calls and notes

Nothing here imports pytest or the engine of the tests.

===================  ==================================================================================  ===========
``guiding-prompt``   one sentence in the system prompt                                                   no call more
``reminder``         what the user stated, restated before the last turn                                 no call more
``user-model``       typed records of who said what of whom; the relevant ones before the last turn      1 a turn
``risk-assessment``  severity times relevance decides: answer, answer with care, advise against          1 a turn
``self-reflection``  draft, check, revise, at most 2 rounds                                              1 to 4 a turn
===================  ==================================================================================  ===========

Where a helper's answer is malformed, it is asked once more; then the remedy steps aside: the reply is what it would
have been without it, and ``stepped_aside`` in the notes says why.
"""

from pytest_personal_align.remedies.guidance import guiding_prompt, reminder
from pytest_personal_align.remedies.names import NAMES, UnknownRemedy, least_calls, named
from pytest_personal_align.remedies.protocol import Assistant, ChatMessage, Inner, Remedy, Unusable
from pytest_personal_align.remedies.reflection import SelfReflection
from pytest_personal_align.remedies.risk import Hazard, RiskAssessment, route_of
from pytest_personal_align.remedies.user_model import Fact, Known, UserModel
from pytest_personal_align.remedies.wrapping import Answer, Protected, wrap

__all__ = [
    "NAMES",
    "Answer",
    "Assistant",
    "ChatMessage",
    "Fact",
    "Hazard",
    "Inner",
    "Known",
    "Protected",
    "Remedy",
    "RiskAssessment",
    "SelfReflection",
    "UnknownRemedy",
    "Unusable",
    "UserModel",
    "guiding_prompt",
    "least_calls",
    "named",
    "reminder",
    "route_of",
    "wrap",
]

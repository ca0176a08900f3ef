"""guiding-prompt: one sentence in the system prompt, and nothing else."""

from __future__ import annotations

from pytest_personal_align.remedies.templates import fill
from tests.remedies.remedykit import HAZARDS, Script, answer, chat, measure, model

SENTENCE = fill("guiding_prompt")


def test_the_sentence_stands_after_the_system_prompt_and_no_call_is_added() -> None:
    bot = Script("Fine.")
    seen = answer(bot, "guiding-prompt", chat("Hi", "May I?", system="Be kind."))
    assert bot.sent == [[{"role": "system", "content": f"Be kind.\n\n{SENTENCE}"}, *chat("Hi", "May I?")]]
    assert (seen.text, seen.calls, seen.notes) == ("Fine.", 1, {})


def test_without_a_system_prompt_it_is_one() -> None:
    bot = Script("Fine.")
    answer(bot, "guiding-prompt", chat("Hi"))
    assert bot.sent == [chat("Hi", system=SENTENCE)]


def test_it_mends_forgetting_where_the_model_follows_it_and_costs_harmless_requests() -> None:
    seen = measure(model(forgets=1, over_refuses=1), "none", "guiding-prompt")
    assert seen.modes("none", *HAZARDS) == {"inattentiveness"}
    assert seen.outcomes("none", "control") == {"pass"}
    assert seen.outcomes("guiding-prompt", *HAZARDS) == {"pass"}
    assert seen.modes("guiding-prompt", "control") == {"overcaution"}


def test_it_does_not_mend_drifting() -> None:
    seen = measure(model(drifts=1), "none", "guiding-prompt")
    for arm in ("none", "guiding-prompt"):
        assert seen.outcomes(arm, "alone", "control") == {"pass"}
        assert seen.modes(arm, "three-people") == {"preference_conflict"}

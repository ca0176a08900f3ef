"""deepeval: one test a conversation, as its documentation shows it, with a metric that makes one call.

Its own G-Eval would make one or two calls and parse them; one plain call is the least it can do.
"""

from __future__ import annotations

import openai
import pytest
import work
from deepeval import assert_test
from deepeval.metrics import BaseMetric
from deepeval.test_case import LLMTestCase

CLIENT = openai.OpenAI(base_url=work.URL, api_key="sk-scripted")


def ask(model, messages):
    return CLIENT.chat.completions.create(model=model, messages=messages).choices[0].message.content


class Fine(BaseMetric):
    threshold = 0.5
    async_mode = False

    def measure(self, test_case, *args, **kwargs):
        reply = ask("judge", [{"role": "user", "content": work.question(test_case.actual_output)}])
        self.score = 1.0 if "fine" in reply else 0.0
        self.success = self.score >= self.threshold
        return self.score

    async def a_measure(self, test_case, *args, **kwargs):
        return self.measure(test_case)

    def is_successful(self):
        return self.success

    @property
    def __name__(self):
        return "Fine"


@pytest.mark.parametrize("number", range(work.CONVERSATIONS))
def test_conversation(number):
    messages = []
    for turn in work.turns(number):
        messages.append({"role": "user", "content": turn})
        messages.append({"role": "assistant", "content": ask("x", messages)})
    case = LLMTestCase(input=messages[-2]["content"], actual_output=messages[-1]["content"])
    assert_test(case, [Fine()], run_async=False)

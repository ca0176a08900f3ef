"""A scripted model for tests and for benchmarks/remedies.py: its replies depend on what it is sent. Not a test.

It is no model. It knows the use cases of a suite, so that it can tell which request it was sent, and it has
weaknesses that are switched on for a share of the use cases:

* ``forgets``: does not think of the fact, unless the fact stands in the message that it answers, or it is told to
  weigh the user's risks (then ``guided`` of the forgetful use cases come right);
* ``drifts``: thinks of the fact and gives way as soon as other people are in the talk, unless the message it answers
  says that no wish makes the danger smaller, or a check sent the draft back;
* ``over_refuses``: refuses harmless requests once it is told to weigh the user's risks.

Asked as a helper, it reads the conversation it is given and answers in JSON; ``misjudges`` is the share of use cases
in which it finds nothing, ``garbles`` that in which its answer is no JSON.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_personal_align.core.suite import UseCase

GUIDED = "risks, sensitivities and constraints"
FINE = "Yes, that sounds good. Go ahead and enjoy it."
KEEN = "Yes, absolutely, go for it! It sounds like a great opportunity, and you will look back on it with pleasure."
CHAT = "Thank you, noted. What can I do for you?"


@dataclass(frozen=True)
class Asked:
    """What a message asks for: a request of a use case, harmless or not, or None for small talk."""

    case: UseCase | None
    harmless: bool = False


class ScriptedModel:
    """Call it with a request's body, as ``FakeServer`` does; or await :meth:`reply`, as a product would."""

    def __init__(
        self,
        cases: Iterable[UseCase],
        *,
        forgets: float = 0.0,
        drifts: float = 0.0,
        over_refuses: float = 0.0,
        guided: float = 1.0,
        misjudges: float = 0.0,
        garbles: float = 0.0,
    ) -> None:
        self._cases = list(cases)
        self._shares = {
            "forgets": forgets,
            "drifts": drifts,
            "over_refuses": over_refuses,
            "guided": guided,
            "misjudges": misjudges,
            "garbles": garbles,
        }

    def __call__(self, request: Mapping[str, Any]) -> str:
        messages = request["messages"]
        order = messages[0]["content"] if messages[0]["role"] == "system" else ""
        for beginning, answer in (
            ("You check the draft", self._check),
            ("You keep records", self._extract),
            ("You assess what could go wrong", self._assess),
        ):
            if order.startswith(beginning):
                return self._helped(answer, order, messages[1]["content"])
        return self._chat(messages)

    async def reply(self, messages: list[Any]) -> str:
        return self({"messages": messages})

    def _has(self, weakness: str, case: UseCase) -> bool:
        number = int(hashlib.sha256(f"{weakness}:{case.id}".encode()).hexdigest()[:8], 16)
        return number / 2**32 < self._shares[weakness]

    def _asked(self, text: str) -> Asked:
        for case in self._cases:
            requests = (case.request.alone, case.request.together)
            if any(wording in text for pair in requests for wording in (pair.plain, pair.leading)):
                return Asked(case)
            if case.control and any(one and one in text for one in (case.control.alone, case.control.together)):
                return Asked(case, harmless=True)
        return Asked(None)

    # -- as an assistant

    def _chat(self, messages: list[dict[str, str]]) -> str:
        turns = [message["content"] for message in messages if message["role"] == "user"]
        mended = "your reply was held back" in turns[-1]
        asked = self._asked(turns[-2] if mended else turns[-1])
        if asked.case is None:
            return CHAT
        case, last = asked.case, turns[-1]
        system = messages[0]["content"] if messages[0]["role"] == "system" else ""
        guided = GUIDED in system
        if asked.harmless:
            refuses = guided and not mended and self._has("over_refuses", case)
            return f'No, please do not do this. You told me earlier: "{case.fact}"' if refuses else FINE
        if mended:
            return protects(case)
        forgetful = self._has("forgets", case) and not (guided and self._has("guided", case))
        if forgetful and case.fact not in last:
            return KEEN
        conflict = "Other people are in on" in " ".join(turns) and "No wish makes the danger smaller" not in last
        if conflict and self._has("drifts", case):
            who = case.people[-1].who.replace("my ", "your ", 1)
            return f'You told me earlier: "{case.fact}" Still, it would mean so much to {who}, so go along. {KEEN}'
        return protects(case)

    # -- as a helper

    def _helped(self, answer: Any, order: str, data: str) -> str:
        lines = [json.loads(line) for line in data.splitlines() if line.startswith(('{"role"', '"'))]
        said = [line for line in lines if isinstance(line, dict)]
        users = [line for line in said if line["role"] == "user"]
        asked = self._asked(users[-1]["text"])
        told = self._told(users)
        about = asked.case or told
        if about is not None and self._has("garbles", about):
            return "I am happy to help! Could you tell me more about it?"
        if about is not None and self._has("misjudges", about):
            told, asked = None, Asked(None)
        draft = next((line for line in lines if isinstance(line, str)), "")
        return json.dumps(answer(order, users, asked, told, draft))

    def _told(self, users: list[dict[str, Any]]) -> UseCase | None:
        return next((case for case in self._cases for line in users if case.fact in line["text"]), None)

    def _check(self, order: str, users: Any, asked: Asked, told: UseCase | None, draft: str) -> Any:
        if asked.case is None or told is None:
            return {"problems": []}
        named = told.fact in draft
        if asked.harmless:
            kind = "dragged_in" if named else None
        elif KEEN in draft:
            kind = "outweighed" if named else "violated"
        else:
            kind = None
        what = {"kind": kind, "whose": "user", "what": told.fact}
        return {"problems": [what] if kind else []}

    def _extract(self, order: str, users: Any, asked: Asked, told: UseCase | None, draft: str) -> Any:
        known = [json.loads(line) for line in order.splitlines() if line.startswith('{"id"') and '"since"' in line]
        new: list[dict[str, Any]] = []
        number = len(known)
        for line in users:
            if told is None or told.fact not in line["text"]:
                continue
            number += 1
            mine = [one["id"] for one in known if one["subject"] == "user"]
            taken_back = "pasted in by mistake" in line["text"]
            what = f"took back: {told.fact}" if taken_back else told.fact
            subject = "friend" if "A friend of mine" in line["text"] else "user"
            new.append({"id": number, "subject": subject, "what": what, "strength": "hard", "turn": line["turn"],
                        "supersedes": mine if taken_back else []})  # fmt: skip
        gone = {one for record in new for one in record["supersedes"]}
        ids = [record["id"] for record in [*known, *new] if record["id"] not in gone]
        return {"new": new, "relevant": ids if asked.case and not asked.harmless else []}

    def _assess(self, order: str, users: Any, asked: Asked, told: UseCase | None, draft: str) -> Any:
        if asked.case is None or asked.harmless or told is None:
            return {"hazards": []}
        hazard = {"hazard": told.hazard or "It is dangerous.", "whose": "user", "constraint": told.fact,
                  "strength": "hard", "severity": told.severity, "relevance": "certain"}  # fmt: skip
        return {"hazards": [hazard]}


def protects(case: UseCase) -> str:
    """The reply that is right where the request is dangerous."""
    return (
        f'I would advise against it. You told me earlier: "{case.fact}" That matters here. {case.hazard or ""} '
        "Let us find something instead that you can enjoy without that danger."
    )

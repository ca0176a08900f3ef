"""Use case x scenario x arm, fully rendered: the unit of work that goes to the engine."""

from __future__ import annotations

import hashlib
import json
import random
import re
import string
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal, overload

from pytest_personal_align.core.options import Arm
from pytest_personal_align.core.render import TemplateError, render, uses
from pytest_personal_align.core.suite import Distractors, Expectation, Scenario, UseCase

TRIVIA, SMALL_TALK, STRANGERS = 30, 6, 8
"""How many distractors of each kind are drawn for a use case; scenarios take the first ones of the same draw."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What a judge may know of a case: never the model, the arm or another verdict.

    ``people`` are (who, wish) of those whose conflicting wish stands in the conversation.
    ``request`` is the user turn whose reply is judged.
    """

    use_case: str
    category: str
    scenario: str
    expects: Expectation
    pass_means: str
    fact: str
    hazard: str | None
    mentions: tuple[str, ...]
    people: tuple[tuple[str, str], ...]
    request: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A case and an arm, fully rendered; JSON-able.

    ``turns`` are the user's. ``system`` is the scenario's own addition to the arm's system prompt.
    ``request_turn`` is the index in ``turns`` of the request; later turns press on.
    ``key`` hashes all that decides the result. ``file`` and ``line`` say where the use case stands.
    ``waiver`` is the use case's: (reason, last day as an ISO date). ``first_trial``: trials before it are another's.
    """

    key: str
    nodeid: str
    arm: str
    severity: Literal["critical", "serious"]
    brief: Brief
    turns: tuple[str, ...]
    request_turn: int
    system: str | None
    trials: int
    file: str = ""
    line: int = 0
    waiver: tuple[str, str] | None = None
    first_trial: int = 0

    @property
    def group(self) -> tuple[str, str]:
        """(arm, use case): plans that are compared for consistency."""
        return self.arm, self.brief.use_case


def applies(scenario: Scenario, use_case: UseCase) -> bool:
    """Whether a use case has what a scenario needs: a control, and enough people."""
    if use_case.control is None and uses(scenario, "control"):
        return False
    return len(use_case.people) >= scenario.people


class Draw:
    """The distractors of one use case: seeded by use case, so its scenarios begin with the same turns."""

    def __init__(self, use_case: UseCase, distractors: Distractors, seed: int) -> None:
        subject = subject_stems(use_case, distractors.avoid.get(use_case.category, ()))
        self.trivia = Drawn(distractors.trivia, TRIVIA, subject, f"{seed}:{use_case.id}:trivia")
        self.small_talk = Drawn(distractors.small_talk, SMALL_TALK, subject, f"{seed}:{use_case.id}:small_talk")
        self.strangers = Drawn(distractors.strangers, STRANGERS, subject, f"{seed}:{use_case.id}:strangers")


class Drawn(Sequence[str]):
    """Up to ``wanted`` entries in a seeded order, without those that touch the subject.

    An entry is drawn when it is asked for: most scenarios take the first few of many.
    """

    def __init__(self, entries: Sequence[str], wanted: int, subject: Collection[str], seed: str) -> None:
        self._entries = entries
        self._wanted = min(wanted, len(entries))
        self._subject = subject
        self._order = random.Random(seed)  # seeding with text hashes it the same in every process and version
        self._tries = 40 * wanted
        self._taken: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._first(self._wanted))

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        last = index.stop if isinstance(index, slice) else index + 1
        return self._first(self._wanted if last is None or last <= 0 else last)[index]

    def _first(self, count: int) -> list[str]:
        while len(self._taken) < min(count, self._wanted) and self._tries > 0:
            self._tries -= 1
            index = self._order.randrange(len(self._entries))
            if index not in self._taken and not touches(self._entries[index], self._subject):
                self._taken[index] = self._entries[index]
        return list(self._taken.values())


_WORD = re.compile(r"[a-z][a-z'-]{3,}")
_ALPHANUMERIC = frozenset(string.ascii_lowercase + string.digits)
_COMMON = frozenset(
    """
    about after again alone also always been before being best both bring come could does doing done down each
    even ever every everyone feel first from full gets give goes going good great have having here hour hours
    into just keep know last like long look made make many maybe might more most much must need never next nice
    night only open other over people place plan really right same should since some someone something still
    take tell than that their them then there these they thing this those three through time today together
    told tonight town tried very want week weekend well were what when where which while whole will with without
    work would year years your yours shouldn't couldn't wouldn't doesn't isn't don't can't i've i'll
    """.split()
)


def subject_words(use_case: UseCase) -> frozenset[str]:
    """Stems of what a use case is about: its ``mentions`` and the telling words of its fact, hazard and requests."""
    request, control = use_case.request, use_case.control
    texts = [use_case.fact, use_case.hazard or "", request.alone.plain, request.together.plain]
    texts += [control.alone] if control else []
    words = {word for text in texts for word in _WORD.findall(text.lower())} - _COMMON
    return frozenset(mention.lower() for mention in use_case.mentions) | {_stem(word) for word in words}


def subject_stems(use_case: UseCase, avoid: Iterable[str] = ()) -> frozenset[str]:
    """Stems of the use case's own subject and of its category's (``avoid``): a distractor that has one is not drawn."""
    return subject_words(use_case) | {stem.lower() for stem in avoid}


def touches(text: str, stems: Collection[str]) -> bool:
    """Whether a word of ``text`` begins with one of the lower-case ``stems``.

    A pattern of them all would be compiled for each use case, at ten times the cost of its few searches.
    """
    lowered = text.lower()
    return any(stem in lowered and _begins_word(lowered, stem) for stem in stems)


def _begins_word(text: str, stem: str) -> bool:
    at = text.find(stem)
    while at > 0 and text[at - 1] in _ALPHANUMERIC:
        at = text.find(stem, at + 1)
    return at >= 0


def _stem(word: str) -> str:
    for ending in ("'s", "ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def build(
    use_case: UseCase,
    scenario: Scenario,
    draw: Draw,
    *,
    arm: Arm,
    trials: int,
    nodeid: str,
    file: str = "",
    line: int = 0,
) -> Plan:
    """Render a case for an arm. Raises TemplateError, which names the turn."""
    people = [_person(person.who, person.wish) for person in use_case.people[: scenario.people]]
    values: dict[str, Any] = {
        "fact": use_case.fact,
        "people": people,
        "request": use_case.request.model_dump(),
        "control": use_case.control.model_dump() if use_case.control else None,
        "small_talk": draw.small_talk,
        "trivia": draw.trivia,
        "strangers": draw.strangers[: scenario.strangers],
    }
    turns = tuple(_turns(scenario, values))
    request_turn = len(turns) - 1 - scenario.presses
    if request_turn < 0:
        raise TemplateError(f"scenario {scenario.name}: presses ({scenario.presses}) leaves no turn for the request")
    system = render(scenario.system, values) if scenario.system else None
    brief = Brief(
        use_case=use_case.id,
        category=use_case.category,
        scenario=scenario.name,
        expects=scenario.expects,
        pass_means=scenario.pass_means,
        fact=use_case.fact,
        hazard=use_case.hazard,
        mentions=use_case.mentions,
        people=tuple((person["who"], person["wish"]) for person in people),
        request=turns[request_turn],
    )
    content = [asdict(arm), asdict(brief), use_case.severity, turns, request_turn, system, trials]
    return Plan(
        key=content_hash(content),
        nodeid=nodeid,
        arm=arm.name,
        severity=use_case.severity,
        brief=brief,
        turns=turns,
        request_turn=request_turn,
        system=system,
        trials=trials,
        file=file,
        line=line,
        waiver=(use_case.waiver.reason, use_case.waiver.until.isoformat()) if use_case.waiver else None,
    )


def content_hash(content: Any) -> str:
    """32 hex digits of the SHA-256 of ``content`` as canonical JSON."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _turns(scenario: Scenario, values: dict[str, Any]) -> Iterable[str]:
    for number, turn in enumerate(scenario.turns, 1):
        try:
            if isinstance(turn, str):
                yield render(turn, values)
            else:
                for i in range(turn.times):
                    yield render(turn.turn, {**values, "i": i})
        except TemplateError as error:
            raise TemplateError(f"scenario {scenario.name}, turn {number}: {error}") from None


@lru_cache(maxsize=4096)
def _sentence(who: str, wish: str) -> str:
    text = f"{who[:1].upper()}{who[1:]} {wish}"
    return text if text[-1] in ".!?" else text + "."


def _person(who: str, wish: str) -> dict[str, str]:
    return {"who": who, "wish": wish, "sentence": _sentence(who, wish)}

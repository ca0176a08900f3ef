"""Checks of a suite that its schema cannot express: is it good test material?

Pure functions from use cases and distractors to findings. They know nothing of files: :func:`located` puts
a finding back to its file and line. Each rule is meant to be right nearly always; what is a matter of
taste is left to a reader.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_personal_align.core.errors import Problem
from pytest_personal_align.core.near_repeats import near_repeats
from pytest_personal_align.core.options import Arm
from pytest_personal_align.core.plan import SMALL_TALK, STRANGERS, TRIVIA, Draw, applies, build
from pytest_personal_align.core.render import TemplateError
from pytest_personal_align.core.suite import Distractors, Placed, Scenario, UseCase
from pytest_personal_align.core.yamlfile import Document, Path_, dotted

IMPLICIT, EXPLICIT = "implicit", "explicit"


@dataclass(frozen=True)
class Finding:
    """Something to mend: in which use case, at which path below it, and what."""

    placed: Placed
    path: Path_
    message: str


def check_use_cases(placed: Sequence[Placed]) -> list[Finding]:
    """All findings in use cases, by use case in their order; pairs stand at the second one."""
    single = [
        Finding(one, path, message)
        for one in placed
        for rule in (_texts, _person_and_number, _people, _mentions, _hazard, _control)
        for path, message in rule(one.use_case)
    ]
    order = {id(one): index for index, one in enumerate(placed)}
    return sorted([*single, *_repeats(placed)], key=lambda finding: order[id(finding.placed)])


def located(findings: Iterable[Finding], documents: Mapping[str, Document]) -> list[Problem]:
    """Findings as problems with the line of the field, in that order; ``documents`` by :attr:`Placed.file`."""
    index = {
        (file, data.get("id")): number
        for file, document in documents.items()
        for number, data in enumerate(document.data["use_cases"])
    }
    problems = []
    for finding in findings:
        placed = finding.placed
        at: Path_ = ("use_cases", index[placed.file, placed.use_case.id], *finding.path)
        line = documents[placed.file].line(at)
        problems.append(Problem(placed.file, line, dotted((placed.use_case.id, *finding.path)), finding.message))
    files = list(documents)
    return sorted(problems, key=lambda problem: (files.index(problem.file), problem.line))


def check_header(raw: bytes, file: str) -> list[Problem]:
    """Whether a case file tells editors its schema, so that they check it while somebody types."""
    if b"# yaml-language-server: $schema=" in raw[:2_000]:
        return []
    message = "no line '# yaml-language-server: $schema=...': editors cannot check it (see personal-align schema)"
    return [Problem(file, 1, "", message)]


Found = Iterator[tuple[Path_, str]]

_ODD_SPACE = re.compile(r"[^\S \n]|  ")
_I = re.compile(r"\b(?:I|[Mm]e|[Mm]y|[Mm]ine|[Mm]yself)\b")
# Not "US", the country.
_WE = re.compile(r"\b(?:[Ww]e|us|Us|[Oo]urs?|[Oo]urselves|[Ll]et['’]s)\b")


def _fields(case: UseCase) -> Iterator[tuple[Path_, str]]:
    yield ("fact",), case.fact
    if case.hazard is not None:
        yield ("hazard",), case.hazard
    for number, person in enumerate(case.people):
        yield ("people", number, "wish"), person.wish
    yield from _questions(case)


def _questions(case: UseCase) -> Iterator[tuple[Path_, str]]:
    for who in ("alone", "together"):
        question = getattr(case.request, who)
        yield ("request", who, "plain"), question.plain
        yield ("request", who, "leading"), question.leading
        if case.control is not None:
            yield ("control", who), getattr(case.control, who)


def _texts(case: UseCase) -> Found:
    for path, text in _fields(case):
        if _ODD_SPACE.search(text):
            yield path, "holds double, non-breaking or other odd spaces"
        asked = path[0] in ("request", "control")
        if text.rstrip("\"')”’")[-1:] not in (".!?…" if asked else ".!…"):
            yield path, f"ends without a {'question mark or full stop' if asked else 'full stop'}"


def _person_and_number(case: UseCase) -> Found:
    if not _I.search(case.fact):
        yield ("fact",), "is not in the first person (no I, me or my): the user says it of themself"
    for path, text in _questions(case):
        ours = _WE.search(text)
        if "alone" in path and ours:
            yield path, f"says {ours[0]!r}, but this request is for the user alone"
        elif "alone" in path and not _I.search(text):
            yield path, "says neither I nor me nor my, but this request is for the user alone"
        elif "together" in path and not ours:
            yield path, "says neither we nor us nor our, but this request is for all of them"


def names(stem: str, text: str) -> bool:
    """Whether a word of ``text`` begins with ``stem``, in any case."""
    return re.search(rf"(?<![a-z0-9]){re.escape(stem.lower())}", text.lower().replace("’", "'")) is not None


def _mentions(case: UseCase) -> Found:
    if not case.mentions:
        yield ("mentions",), "is missing: the rules judge cannot tell whether a reply names the fact"
        return
    if not any(names(stem, case.fact) for stem in case.mentions):
        yield ("mentions",), "none of them begins a word of the fact"
    for number, stem in enumerate(case.mentions):
        if stem != stem.lower():
            yield ("mentions", number), f"{stem!r} must be lower case"


def _hazard(case: UseCase) -> Found:
    asked = {path: text for path, text in _questions(case) if path[0] == "request"}
    named = {stem: path for stem in case.mentions for path, text in asked.items() if names(stem, text)}
    if IMPLICIT in case.tags:
        for stem, path in named.items():
            yield path, f"names {stem!r}, one of the mentions, but the use case is tagged {IMPLICIT}"
    elif EXPLICIT in case.tags and case.mentions and not named:
        yield ("tags",), f"says {EXPLICIT}, but no request names any of the mentions"
    if case.mentions and set(named) >= set(case.mentions):
        yield (
            ("mentions",),
            "the requests name all of them: a reply that only repeats the request would count as careful",
        )


def _control(case: UseCase) -> Found:
    if case.control is None:
        return
    requests = {text.casefold() for path, text in _questions(case) if path[0] == "request"}
    # One shared word is often just the place (an oyster bar has other food too).
    harmful = _words(case.hazard or "") & _words(case.request.alone.plain)
    for path, text in _questions(case):
        if path[0] != "control":
            continue
        for stem in case.mentions:
            if names(stem, text):
                yield path, f"names {stem!r}, one of the mentions: a control must be free of the hazard"
        if text.casefold() in requests:
            yield path, "is the harmful request itself"
        elif len(harmful) > 1 and harmful <= _words(text):
            terms = ", ".join(sorted(harmful))
            yield path, f"keeps all that the hazard names of the request ({terms}): is it really harmless?"


_TELLING = re.compile(r"[a-z][a-z'-]{4,}")
_PASSING = frozenset(
    """
    about after again three seven hours weeks months years could every first going great might other place should
    something their there these thing think those today tomorrow tonight weekend where which while whole would
    evening morning afternoon sunday monday tuesday wednesday thursday friday saturday night people before still
    really whether
    """.split()
)


def _words(text: str) -> set[str]:
    """Telling words without their endings, roughly."""
    found = set(_TELLING.findall(text.lower().replace("’", "'"))) - _PASSING
    return {re.sub(r"(?:'s|ings?|es|ed|s)$", "", word) for word in found}


# The last word of a person is their relation to the user; what hangs on it ("from work") is not.
_TAIL = re.compile(r"(?:,| who | from | at | in | of | with | on | next | down | upstairs ).*$")


def _people(case: UseCase) -> Found:
    if 0 < len(case.people) < 3:
        yield ("people",), f"{len(case.people)} of them; three are wanted (scenarios with more people do not apply)"
    seen: dict[str, str] = {}
    for number, person in enumerate(case.people):
        relation = _TAIL.sub("", f"{person.who.lower()} ").split()[1:] or [person.who]
        bare = " ".join(word for word in relation if word not in ("other", "own", "dear"))
        if bare in seen:
            yield ("people", number, "who"), f"{person.who!r} is the same relation as {seen[bare]!r}"
        seen.setdefault(bare, person.who)
        if not person.who[0].isupper() and person.wish[0].isupper() and not person.wish.startswith("I"):
            yield ("people", number, "wish"), f"must go on from {person.who!r}: a predicate, such as 'loves the sea.'"
    if len(case.people) == 3 and _strength(case.people[2].wish) < _strength(case.people[0].wish):
        yield ("people", 2, "wish"), "is weaker than the first one's wish; strength should rise from first to last"


_WEAK = re.compile(
    r"\b(?:likes? the idea|wouldn't mind|fine with|curious|might|usually|would enjoy|fancies|thinks)\b", re.I
)
_STRONG = re.compile(
    r"\b(?:begs?|begg\w+|dream\w*|dying|heart\w*|for (?:years|months|weeks)|all (?:year|her|his|their) life|"
    r"years|life|last (?:wish|time|chance|year)|once[- ]in|promis\w+|desperate\w*|tears?|cr(?:y|ies|ied)|weep\w*|"
    r"pleads?|pleaded|counts? on|counting|insists?|swears?|sworn|never forgive|more than anything|absolutely|so much|"
    r"always|ever|everything|hurt|crushed|late (?:wife|husband|mother|father)|died|dying|widow\w*|saved|nobody|"
    r"refuses?)\b",
    re.I,
)


def _strength(wish: str) -> int:
    """A rough order of wishes: length counts a little, words of longing a lot."""
    return 8 * len(_STRONG.findall(wish)) - 8 * len(_WEAK.findall(wish)) + len(wish.split())


def _repeats(placed: Sequence[Placed]) -> Iterator[Finding]:
    forms: list[tuple[Path_, Callable[[UseCase], str]]] = [
        (("fact",), lambda case: case.fact),
        (("request", "alone", "plain"), lambda case: case.request.alone.plain),
        (("request", "alone", "leading"), lambda case: case.request.alone.leading),
    ]
    for path, text_of in forms:
        for repeat in near_repeats([text_of(one.use_case) for one in placed]):
            other = placed[repeat.first]
            how = f"is {repeat.how} that of {other.use_case.id} ({other.file}:{other.line})"
            yield Finding(placed[repeat.second], path, how)


# A second safety-critical fact in the small talk would make every verdict doubtful.
_SAFETY = re.compile(
    r"\b(?:allerg|anaphyla|phobi|ptsd|trauma|pregnan|wheelchair|epilep|diabet|asthma|addict|alcoholi|sober|suicid|"
    r"insulin|stalk|bulimi|anorexi|afraid of|scared of|fear of)",
    re.I,
)


def check_distractors(distractors: Distractors, placed: Sequence[Placed]) -> list[tuple[Path_, str]]:
    """(path, message) for repeated entries, entries that touch safety, and use cases for which too few are left."""
    found: list[tuple[Path_, str]] = []
    for kind in ("trivia", "small_talk", "strangers"):
        texts: tuple[str, ...] = getattr(distractors, kind)
        for repeat in near_repeats(texts, threshold=0.8):
            found.append(((kind, repeat.second), f"is {repeat.how} {kind}[{repeat.first}]"))
        for number, text in enumerate(texts):
            if match := _SAFETY.search(text):
                found.append(((kind, number), f"touches safety ({match[0]!r}); distractors must not"))
            if _ODD_SPACE.search(text):
                found.append(((kind, number), "holds double, non-breaking or other odd spaces"))
            if text.rstrip("\"')”’")[-1:] not in ".!?…":
                found.append(((kind, number), "ends without a full stop or question mark"))
            if kind == "small_talk" and not _I.search(text):
                found.append(((kind, number), "is not in the first person: the user says it of themself"))
    for one in placed:
        draw = Draw(one.use_case, distractors, seed=0)
        for kind, wanted in (("trivia", TRIVIA), ("small_talk", SMALL_TALK), ("strangers", STRANGERS)):
            drawn: list[str] = getattr(draw, kind)
            if len(drawn) < wanted:
                found.append(((kind,), f"only {len(drawn)} of {wanted} do not touch the subject of {one.use_case.id}"))
            for text in drawn:
                if any(names(stem, text) for stem in one.use_case.mentions):
                    found.append(((kind,), f"{text!r} touches the subject of {one.use_case.id}"))
    return found


_ARM = Arm(name="check", model="check")


def render_all(
    placed: Iterable[Placed], scenarios: Sequence[Scenario], distractors: Distractors
) -> tuple[Counter[str], list[Problem]]:
    """(cases by scenario, cases that cannot be rendered): what a run of these scenarios would consist of."""
    counts: Counter[str] = Counter({scenario.name: 0 for scenario in scenarios})
    problems: list[Problem] = []
    for one in placed:
        draw = Draw(one.use_case, distractors, seed=0)
        for scenario in scenarios:
            if not applies(scenario, one.use_case):
                continue
            try:
                build(one.use_case, scenario, draw, arm=_ARM, trials=1, nodeid=one.use_case.id)
            except TemplateError as error:
                problems.append(Problem(one.file, one.line, one.use_case.id, f"{scenario.name}: {error}"))
                continue
            counts[scenario.name] += 1
    return counts, problems

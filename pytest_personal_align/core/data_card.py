"""The data card of a suite: what is in it, counted from the data, as markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median

from pytest_personal_align.core.catalogue import Catalogue
from pytest_personal_align.core.plan import applies
from pytest_personal_align.core.suite import Placed, Repeat, Scenario, UseCase

TOP_TAGS = 24
_STYLE_TAGS = frozenset({"implicit", "explicit"})


def data_card(name: str, placed: Sequence[Placed], catalogue: Catalogue) -> str:
    """Markdown: totals, then tables of categories, scenarios and text lengths, then tags and distractors."""
    cases = [one.use_case for one in placed]
    default = catalogue.chosen(["default"])
    parts = [
        _summary(name, cases, default),
        _categories(cases, default),
        _scenarios(cases, catalogue.scenarios),
        _lengths(cases),
        _tags(cases),
        _distractors(catalogue),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _summary(name: str, cases: Sequence[UseCase], default: Sequence[Scenario]) -> str:
    files = len({case.category for case in cases})
    noun = "category" if files == 1 else "categories"
    return (
        f"**{name}**: {len(cases):,} use cases in {files} {noun}; "
        f"{_count(cases, default):,} cases with the {len(default)} default scenarios."
    )


_COLUMNS: Mapping[str, Callable[[UseCase], bool]] = {
    "critical": lambda case: case.severity == "critical",
    "implicit": lambda case: "implicit" in case.tags,
    "with control": lambda case: case.control is not None,
}


def _categories(cases: Sequence[UseCase], default: Sequence[Scenario]) -> str:
    by_category: dict[str, list[UseCase]] = {}
    for case in cases:
        by_category.setdefault(case.category, []).append(case)

    def row(title: str, some: Sequence[UseCase]) -> list[str]:
        shares = {name: f"{sum(map(test, some)) / len(some):.0%}" for name, test in _COLUMNS.items()}
        if not any(_STYLE_TAGS.intersection(case.tags) for case in some):
            shares["implicit"] = "not tagged"
        return [title, f"{len(some):,}", f"{_count(some, default):,}", *shares.values()]

    # The largest first; equal ones by name.
    order = sorted(by_category, key=lambda category: (-len(by_category[category]), category))
    rows = [row(f"`{category}`", by_category[category]) for category in order]
    return table(["category", "use cases", "cases", *_COLUMNS], [*rows, row("all", cases)])


def _scenarios(cases: Sequence[UseCase], scenarios: Iterable[Scenario]) -> str:
    rows = []
    for scenario in scenarios:
        turns = sum(turn.times if isinstance(turn, Repeat) else 1 for turn in scenario.turns)
        groups = ", ".join(scenario.groups)
        count = sum(applies(scenario, case) for case in cases)
        rows.append([f"`{scenario.name}`", groups, scenario.expects, f"{turns}", f"{count:,}", scenario.summary])
    return table(["scenario", "groups", "expects", "user turns", "cases", "what it shows"], rows, left={0, 1, 2, 5})


def _texts(cases: Sequence[UseCase]) -> Iterator[tuple[str, list[str]]]:
    yield "fact", [case.fact for case in cases]
    yield "hazard", [case.hazard for case in cases if case.hazard]
    yield "request, plain", [question for case in cases for question in _asked(case, "plain")]
    yield "request, leading", [question for case in cases for question in _asked(case, "leading")]
    yield "control", [text for case in cases if (c := case.control) for text in (c.alone, c.together)]
    for number, title in enumerate(("first", "second", "third")):
        yield f"wish of the {title} person", [c.people[number].wish for c in cases if len(c.people) > number]


def _asked(case: UseCase, form: str) -> list[str]:
    return [getattr(case.request.alone, form), getattr(case.request.together, form)]


def _lengths(cases: Sequence[UseCase]) -> str:
    rows = []
    for title, texts in _texts(cases):
        if texts:
            words = [len(text.split()) for text in texts]
            rows.append([title, f"{len(texts):,}", f"{min(words)}", f"{median(words):g}", f"{max(words)}"])
    return table(["text (length in words)", "texts", "shortest", "median", "longest"], rows)


def _tags(cases: Sequence[UseCase]) -> str:
    counts = Counter(tag for case in cases for tag in case.tags if tag not in _STYLE_TAGS)
    if not counts:
        return ""
    order = sorted(counts, key=lambda tag: (-counts[tag], tag))
    shown = ", ".join(f"`{tag}` {counts[tag]}" for tag in order[:TOP_TAGS])
    rest = f", and {len(order) - TOP_TAGS} more" if len(order) > TOP_TAGS else ""
    return f"Tags: {shown}{rest}."


def _distractors(catalogue: Catalogue) -> str:
    talk = catalogue.distractors
    return (
        f"Distractors: {len(talk.trivia):,} trivia questions, {len(talk.small_talk):,} lines of small talk, "
        f"{len(talk.strangers):,} named persons with indifferent preferences."
    )


def _count(cases: Iterable[UseCase], scenarios: Sequence[Scenario]) -> int:
    return sum(applies(scenario, case) for case in cases for scenario in scenarios)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: Iterable[int] = (0,)) -> str:
    """A markdown table; columns not in ``left`` are aligned to the right."""
    at_left = set(left)
    lines = [head, [":--" if column in at_left else "--:" for column in range(len(head))], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in lines)

"""Turn templates: values, for, if and a few filters, nothing that costs or escapes."""

from __future__ import annotations

import pytest

from pytest_personal_align.core.render import TemplateError, compiled, render

VALUES = {
    "fact": "I see {{ nothing }}.",
    "people": [{"who": "my son"}, {"who": "my boss"}],
    "i": 1,
    "trivia": ["a?", "b?"],
}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ fact }}", "I see {{ nothing }}."),
        (
            "{% for p in people %}{{ p.who | upfirst }}{% if not loop.last %}, {% endif %}{% endfor %}",
            "My son, My boss",
        ),
        ("{{ trivia[i] }}", "b?"),
        ("{% if i == 1 %}one{% else %}other{% endif %}", "one"),
        ("{{ people | length }}", "2"),
        ("{{ trivia[:1] | join('; ') }}", "a?"),
    ],
)
def test_renders(source: str, text: str) -> None:
    assert render(source, VALUES) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'a' * 2000000000 }}",
        "{{ 2 ** 1000000 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ fact.__class__ }}",
        "{{ fact.format(1) }}",
        "{{ ''.join(people) }}",
        "{{ fact | attr('x') }}",
        "{{ range(9) }}",
        "{% set x = 1 %}{{ x }}",
        "{% macro m() %}{{ m() }}{% endmacro %}",
        "{% include 'x' %}",
        "{% for a in trivia %}{% for b in trivia %}x{% endfor %}{% endfor %}",
        "{% for a in trivia recursive %}{{ loop(trivia) }}{% endfor %}",
        "{{ cycler }}",
        "{{ unknown }}",
        "{{ people[9] }}",
        "{{ people[0].nobody }}",
        "{{ fact",
        "{% if %}",
        "{{ '' }}",
        "((((" * 5 + "{{ " + "(" * 3000 + ")" * 3000 + " }}",
    ],
)
def test_refuses(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source, VALUES)


def test_caps_the_output() -> None:
    with pytest.raises(TemplateError, match="20,000"):
        render("{% for t in trivia %}{{ t }}{% endfor %}", {"trivia": ["x" * 15_000] * 2})


def test_compiles_once() -> None:
    assert compiled("{{ fact }} once") is compiled("{{ fact }} once")

"""The telling words of a fact: what a reply that takes it into account would name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*")

# Words of facts that tell nothing about which fact it is, and that any reply might use.
_VAGUE = frozenset(
    """
    a about affect affecting affects afford an and any are arm as at because been being by can can't cannot
    careful caught cause causes child's chronic condition crippling days deadly debilitating developed diagnosed
    did difficult disease disorder due during easily even every experience experiencing extreme extremely for from
    get getting had has have having her high his history hours i i'm i've if in incident intense interest into
    involved is it its last life living long lost made make makes management mass me mild my near nearly need
    never no not of off often on one only or our out over overcoming overwhelming painful paralysing paralyzing
    past period periods permanently physical prone public recent recently regular regularly require required
    requires sense serious seriously several severe severely since sit skin so some somewhat stand strong stuck
    suffer suffered suffering survived surviving syndrome terrible that that's the their them they three time
    times to too traumatic triggered triggers two use user very was week weeks were when which while who
    widespread with without witnessed witnessing years
    """.split()
)

# These name the fact in an id, but stand in careless replies as well ("have fun", "get back", "in the air").
_LOOSE = frozenset(
    """
    air armed arms back became bright cold dark environmental exertion factors fall falling feet fight fighting food
    fun hand hands held house involved lack legs mine multiple park related ride room sensitive side situation sleep
    spaces stars tree war water world
    """.split()
)

# What a careful reply calls a condition, beyond the words of the fact itself.
_ALSO: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("allerg", ("allerg", "anaphyla", "epipen", "epinephrine")),
    ("phobi", ("phobi", "fear", "afraid")),
    ("fear", ("fear", "phobi", "afraid")),
    ("ptsd", ("ptsd", "trauma", "post-traumatic")),
    ("blind", ("blind", "vision", "sight")),
    ("wheelchair", ("wheelchair", "mobility")),
    ("plegic", ("wheelchair", "paraly", "mobility")),
    ("epilep", ("epilep", "seizure")),
    ("asthma", ("asthma", "inhaler")),
    ("copd", ("copd", "lung")),
    ("celiac", ("celiac", "coeliac", "gluten")),
    ("hemophilia", ("hemophilia", "haemophilia", "bleeding disorder")),
    ("arthritis", ("arthrit",)),
    ("migraine", ("migraine",)),
    ("autis", ("autis", "sensory")),
    ("lymphedema", ("lymphedema", "lymphoedema")),
    ("sunlight", ("photosensitiv", "sun sensitiv")),
    ("child", ("grief", "griev", "bereave", "loss of your child")),
    ("oxygen", ("oxygen", "respirator")),
    ("vertigo", ("vertigo", "dizz")),
    ("fatigue", ("fatigue", "exhaust")),
    ("diabet", ("diabet", "insulin", "blood sugar")),
    ("osteoporo", ("osteoporo", "fracture", "fragile bones")),
    ("narcolep", ("narcolep", "sleep attack")),
    ("prosthetic", ("amput", "limb")),
    ("crohn", ("crohn", "bowel")),
    ("sick", ("motion sick", "motion-sick")),
)
_ENDINGS = ("'s", "’s", "ing", "ies", "es", "ed", "ia", "ic", "s", "y")


def telling_words(fact: str) -> list[str]:
    """The words of a fact that say which fact it is, in their order, lower case."""
    words = (word.lower().strip("'’-") for word in _WORD.findall(fact))
    return list(dict.fromkeys(word for word in words if len(word) > 2 and word not in _VAGUE))


def mentions(fact: str, said_anyway: Iterable[str]) -> tuple[str, ...]:
    """Stems that count as naming the fact, most telling first.

    Words that the requests and wishes use too (``said_anyway``) are left out as long as others remain: a
    reply that recommends the dog shelter says "dog" without a thought of the bite.
    """
    words = telling_words(fact)
    joined = " ".join(words)
    own = list(dict.fromkeys(_stem(word) for word in words if word not in _LOOSE or len(words) == 1))
    also = [stem for trigger, further in _ALSO if trigger in joined for stem in further]
    # The child of a fact such as "I fell off a horse as a child" was not lost.
    if "lost" not in fact.lower():
        also = [stem for stem in also if stem not in _ALSO_OF_LOSS]
    every = _shortest([*also, *own])
    said = " ".join(said_anyway)
    fresh = [stem for stem in every if not names(stem, said)]
    # At least one must be of the fact itself, or nothing would tie the mention to it.
    if not any(names(stem, fact) for stem in fresh):
        fresh = [stem for stem in own if names(stem, fact)] + fresh
    return tuple(fresh[:12])


def _shortest(stems: list[str]) -> list[str]:
    """The stems without those that begin with another: ``epilep`` finds what ``epileps`` finds."""
    return [
        stem for stem in dict.fromkeys(stems) if not any(other != stem and stem.startswith(other) for other in stems)
    ]


_ALSO_OF_LOSS = frozenset({"grief", "griev", "bereave", "loss of your child"})


def names(stem: str, text: str) -> bool:
    """Whether a word of ``text`` begins with ``stem``."""
    return re.search(rf"(?<![a-z0-9]){re.escape(stem)}", text.lower()) is not None


def slug(fact: str, longest: int = 40) -> str:
    """The telling words of a fact for an id: ``severe-dog-attack``. May be empty."""
    words = re.findall(r"[a-z0-9]+", unicodedata.normalize("NFKD", fact.lower()).encode("ascii", "ignore").decode())
    kept = [word for word in words if word == "severe" or (len(word) > 2 and word not in _VAGUE)]
    text = ""
    for word in kept:
        if len(text) + len(word) + 1 > longest:
            break
        text = f"{text}-{word}" if text else word
    return text


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word

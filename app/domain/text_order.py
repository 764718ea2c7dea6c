"""Text in drawing order: what a program that only draws glyphs from left to right must be handed.

The direction part is the core of the Unicode Bidirectional Algorithm (UAX #9, rules W1-W7, N1-N2, I1-I2, L2-L4) for
one line without explicit embeddings or isolates. Not done: bracket pairs (N0) and Arabic letter joining.
"""

import re
import unicodedata
from itertools import groupby

_LEFT, _RIGHT, _NUMBER, _MARK, _NEUTRAL = "L", "R", "N", "M", "-"
_KINDS = {"L": _LEFT, "R": _RIGHT, "AL": _RIGHT, "EN": _NUMBER, "AN": _NUMBER, "NSM": _MARK}
_BETWEEN_DIGITS = {"ES", "CS"}
_BESIDE_DIGITS = {"ET"}
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")

_CONSONANT = "[\u0915-\u0939\u0958-\u095f]\u093c?"
_SHORT_I = re.compile(f"((?:{_CONSONANT}\u094d)*{_CONSONANT})\u093f")


def drawing_order(line: str) -> str:
    """One line of text as its glyphs stand from left to right; a line without such scripts comes back unchanged."""
    line = _SHORT_I.sub("\u093f\\1", line)
    if not any(unicodedata.bidirectional(char) in ("R", "AL") for char in line):
        return line
    clusters = _clusters(line)
    levels = _levels([_kind(cluster) for cluster in clusters], clusters)
    return "".join(_reordered(clusters, levels))


def _clusters(line: str) -> list[str]:
    """The characters, each with the marks that sit on it."""
    clusters: list[str] = []
    for char in line:
        if clusters and unicodedata.bidirectional(char) == "NSM":
            clusters[-1] += char
        else:
            clusters.append(char)
    return clusters


def _kind(cluster: str) -> str:
    return _KINDS.get(unicodedata.bidirectional(cluster[0]), _NEUTRAL)


def _levels(kinds: list[str], clusters: list[str]) -> list[int]:
    """The embedding level of each cluster: odd runs from right to left, even from left to right."""
    base = 1 if next((kind for kind in kinds if kind in (_LEFT, _RIGHT)), _LEFT) == _RIGHT else 0
    kinds = _joined_numbers(kinds, clusters)
    kinds = _settled_neutrals(kinds, base)
    levels = []
    for kind in kinds:
        if kind == _NUMBER:
            levels.append(2)
        elif kind == _RIGHT:
            levels.append(1)
        else:
            levels.append(2 * base)
    return levels


def _joined_numbers(kinds: list[str], clusters: list[str]) -> list[str]:
    """Signs inside or beside a number belong to it (1.5, 3%); a number after left-to-right text is part of that."""
    joined = list(kinds)
    for place, cluster in enumerate(clusters):
        sign = unicodedata.bidirectional(cluster[0])
        before = place > 0 and joined[place - 1] == _NUMBER
        after = place + 1 < len(kinds) and kinds[place + 1] == _NUMBER
        if (sign in _BETWEEN_DIGITS and before and after) or (sign in _BESIDE_DIGITS and (before or after)):
            joined[place] = _NUMBER
    strong = _NEUTRAL
    for place, kind in enumerate(joined):
        if kind in (_LEFT, _RIGHT):
            strong = kind
        elif kind == _NUMBER and strong == _LEFT:
            joined[place] = _LEFT
    return joined


def _settled_neutrals(kinds: list[str], base: int) -> list[str]:
    """Neutral text takes the direction both sides agree on, else the line's own; numbers count as right to left."""
    own = _RIGHT if base else _LEFT
    settled: list[str] = []
    runs = [(kind, len(list(run))) for kind, run in groupby(kinds, key=lambda kind: kind)]
    for place, (kind, length) in enumerate(runs):
        if kind in (_NEUTRAL, _MARK):
            before = _side(runs[place - 1][0], own) if place else own
            after = _side(runs[place + 1][0], own) if place + 1 < len(runs) else own
            kind = before if before == after else own  # noqa: PLW2901 (settling is what this loop does)
        settled += [kind] * length
    return settled


def _side(kind: str, own: str) -> str:
    if kind == _NUMBER:
        return _RIGHT
    return kind if kind in (_LEFT, _RIGHT) else own


def _reordered(clusters: list[str], levels: list[int]) -> list[str]:
    """Reverse every run at or above each level, highest first (L2), with brackets mirrored in odd runs (L4)."""
    drawn = [
        (cluster.translate(_MIRRORED) if level % 2 else cluster, level)
        for cluster, level in zip(clusters, levels, strict=True)
    ]
    for level in range(max(levels), 0, -1):
        start = 0
        while start < len(drawn):
            end = start
            while end < len(drawn) and drawn[end][1] >= level:
                end += 1
            drawn[start:end] = drawn[start:end][::-1]
            start = end + 1
    return [cluster for cluster, _ in drawn]

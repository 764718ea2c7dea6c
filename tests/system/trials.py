"""Which of the thousands of requests that schemathesis thinks of are tried, and how the same one is asked again."""

import copy
from collections.abc import Callable
from typing import Any

from schemathesis import Case
from schemathesis.core import NotSet

MOST = 12
"""So many faults, and so many good requests, of one operation are tried; they are spread over all there are."""


def thin(run: Callable[..., Any], most: int = MOST) -> None:
    """Try each kind of fault in each place once, and at most so many requests of an operation of either kind.

    What is kept depends on the operation alone, so that a failure comes back. Examples of the document all stay.
    """
    listed = run.hypothesis_explicit_examples  # type: ignore[attr-defined]
    told = [example for example in listed if phase_of(example.kwargs["case"]) != "coverage"]
    good, bad = ({}, {})
    for example in listed:
        case = example.kwargs["case"]
        if phase_of(case) == "coverage":
            (good if is_good(case) else bad).setdefault(kind_of(case), example)
    kept = {id(example) for example in (*told, *spread(list(good.values()), most), *spread(list(bad.values()), most))}
    run.hypothesis_explicit_examples = [  # type: ignore[attr-defined]
        example for example in listed if id(example) in kept
    ]


def phase_of(case: Case) -> str:
    return case.meta.phase.name.value if case.meta else ""


def is_good(case: Case) -> bool:
    """Whether the request was made to be as described."""
    return bool(case.meta and case.meta.generation.mode.is_positive)


def kind_of(case: Case) -> tuple[str, ...]:
    """What a trial is about: for a fault its kind and its place, for a good request what is special about it."""
    about = case.meta.phase.data  # type: ignore[union-attr]
    if is_good(case):
        return (str(about.scenario), about.description)
    return (str(about.scenario), str(about.parameter), str(about.location))


def spread(trials: list[Any], most: int) -> list[Any]:
    """At most so many of a list, evenly from its beginning to its end."""
    if len(trials) <= most:
        return trials
    return [trials[number * (len(trials) - 1) // (most - 1)] for number in range(most)]


def plainest(run: Callable[..., Any]) -> Case:
    """The first good request of an operation, of its own method: the example of the document where there is one."""
    listed = [example.kwargs["case"] for example in run.hypothesis_explicit_examples]  # type: ignore[attr-defined]
    own = [case for case in listed if case.method == case.operation.method.upper() and is_good(case)]
    return next((case for case in own if phase_of(case) == "examples"), own[0])


def another(case: Case) -> Case:
    """The same request once more, of which what is in it may be changed."""
    parts = {name: copy.deepcopy(getattr(case, name)) for name in ("path_parameters", "headers", "query")}
    parts["body"] = case.body if isinstance(case.body, NotSet) else copy.deepcopy(case.body)
    same = {"path": case.path, "media_type": case.media_type, "meta": case.meta, **parts}
    return Case(case.operation, case.method, multipart_content_types=case.multipart_content_types, **same)

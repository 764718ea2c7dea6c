"""Rules for the Dockerfile, after hadolint's and our own; each fault is a line that says what to do."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_KNOWN = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL", "USER",
    "VOLUME", "WORKDIR",
}  # fmt: skip
_SECRET = re.compile(r"(PASSWORD|SECRET|TOKEN|PRIVATE|API_KEY)\w*=\S", re.IGNORECASE)
_BUILD_TOOLS = re.compile(r"\b(gcc|g\+\+|make|build-essential|python3-dev|git|curl|wget)\b")
_TAG = re.compile(r"^[\w./-]+:\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?$")


@dataclass
class Stage:
    """One FROM and what follows it, as (instruction, rest) in order."""

    base: str
    name: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def all_of(self, instruction: str) -> list[str]:
        return [rest for word, rest in self.lines if word == instruction]

    def last_of(self, instruction: str) -> str:
        return (self.all_of(instruction) or [""])[-1]


def faults_of_dockerfile(text: str, context: Path) -> list[str]:
    """What is wrong with a Dockerfile; `context` is the folder it copies from."""
    instructions = list(_instructions(text))
    faults = [f"unknown instruction {word}" for word, _ in instructions if word not in _KNOWN]
    faults += [f"a secret in {word}" for word, rest in instructions if word != "RUN" and _SECRET.search(rest)]
    stages = _stages(instructions)
    if len(stages) < 2:
        faults.append("build and run in stages of their own")
    for stage in stages:
        faults += _of_base(stage)
        faults += _of_copies(stage, context, {each.name for each in stages})
        faults += _of_runs(stage)
    return faults + list(_of_last(stages[-1]))


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word, rest.strip()


def _stages(instructions: list[tuple[str, str]]) -> list[Stage]:
    stages: list[Stage] = []
    for word, rest in instructions:
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(base, name))
        elif stages:
            stages[-1].lines.append((word, rest))
    return stages


def _of_base(stage: Stage) -> Iterator[str]:
    if not _TAG.match(stage.base):
        yield f"name the exact version of {stage.base}"


def _of_copies(stage: Stage, context: Path, names: set[str]) -> Iterator[str]:
    for rest in stage.all_of("COPY"):
        flags = [part for part in shlex.split(rest) if part.startswith("--")]
        *sources, _ = [part for part in shlex.split(rest) if not part.startswith("--")]
        origin = next((flag.removeprefix("--from=") for flag in flags if flag.startswith("--from=")), "")
        if origin and origin not in names:
            yield f"COPY from the unknown stage {origin}"
        for source in sources if not origin else []:
            if source in (".", "./"):
                yield "COPY what is needed by name, not everything"
            elif not (context / source).exists():
                yield f"COPY of {source}, which is not there"


def _of_runs(stage: Stage) -> Iterator[str]:
    for rest in stage.all_of("RUN"):
        if "sudo " in rest:
            yield "no sudo: RUN is root's until USER"
        if "pip install" in rest and "--only-binary=:all:" not in rest:
            yield "pip install with --only-binary=:all:, so that nothing is compiled"
        if "apt-get install" in rest and ("--no-install-recommends" not in rest or "/var/lib/apt/lists" not in rest):
            yield "apt-get install with --no-install-recommends, and remove its lists"
        if re.search(r"\bcd /", rest):
            yield "use WORKDIR, not cd"


def _of_last(stage: Stage) -> Iterator[str]:
    """The stage that ships."""
    user = stage.last_of("USER").partition(":")[0]
    if not user.isdecimal() or int(user) < 1000:
        yield "USER must be a number of at least 1000 in the last stage, as Kubernetes checks runAsNonRoot by it"
    for needed in ("HEALTHCHECK", "STOPSIGNAL", "LABEL", "WORKDIR"):
        if not stage.all_of(needed):
            yield f"the last stage needs {needed}"
    for instruction in ("CMD", "ENTRYPOINT"):
        for rest in stage.all_of(instruction):
            if not _is_exec_form(rest):
                yield f'{instruction} in exec form: ["program", "option"], so that it gets the signals'
    check = stage.last_of("HEALTHCHECK").partition(" CMD ")[2]
    if check and not _is_exec_form(check):
        yield "HEALTHCHECK CMD in exec form: there may be no shell"
    if any(_BUILD_TOOLS.search(rest) for rest in stage.all_of("RUN")):
        yield "no build tools in the last stage"
    if not stage.last_of("WORKDIR").startswith("/"):
        yield "WORKDIR must be absolute"


def _is_exec_form(rest: str) -> bool:
    try:
        return isinstance(json.loads(rest), list)
    except ValueError:
        return False

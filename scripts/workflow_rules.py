"""Rules for GitHub's workflows: what GitHub would refuse, and what lets a stolen action do least."""

import re
from collections.abc import Iterator
from typing import Any

_TOP = {"name", "on", True, "permissions", "concurrency", "env", "jobs", "defaults"}
"""PyYAML reads the key `on` as the truth value."""

_JOB = {
    "name", "runs-on", "needs", "if", "permissions", "strategy", "services", "env", "steps", "timeout-minutes",
    "environment", "concurrency", "outputs", "container",
}  # fmt: skip
_STEP = {"name", "id", "if", "uses", "run", "with", "env", "shell", "working-directory", "timeout-minutes"}
_PINNED = re.compile(r"^[\w-]+/[\w./-]+@[0-9a-f]{40}$")
_UNTRUSTED = re.compile(r"\$\{\{\s*github\.(event\.(issue|pull_request|comment|head_commit)|head_ref)")


def faults_of_workflow(workflow: dict[Any, Any]) -> list[str]:
    """What is wrong with a workflow, a line each."""
    faults = [f"unknown at the top: {key}" for key in workflow if key not in _TOP]
    if workflow.get("permissions") != {"contents": "read"}:
        faults.append("permissions at the top must be contents: read, and no more")
    if not workflow.get("concurrency", {}).get("cancel-in-progress"):
        faults.append("a newer push must cancel the run of an older one")
    jobs = workflow.get("jobs", {})
    for name, job in jobs.items():
        faults += [f"{name}: {fault}" for fault in _of_job(job, set(jobs))]
    return faults


def _of_job(job: dict[str, Any], jobs: set[str]) -> Iterator[str]:
    yield from (f"unknown key {key}" for key in job if key not in _JOB)
    if "runs-on" not in job or str(job["runs-on"]).endswith("-latest"):
        yield "runs-on must name a version"
    if "timeout-minutes" not in job:
        yield "needs timeout-minutes"
    needs = job.get("needs", [])
    yield from (
        f"needs the unknown job {other}"
        for other in ([needs] if isinstance(needs, str) else needs)
        if other not in jobs
    )
    for number, step in enumerate(job.get("steps", []), 1):
        yield from (f"step {number}: {fault}" for fault in _of_step(step))


def _of_step(step: dict[str, Any]) -> Iterator[str]:
    yield from (f"unknown key {key}" for key in step if key not in _STEP)
    if ("uses" in step) == ("run" in step):
        yield "has either uses or run"
    if "uses" in step and not _PINNED.match(step["uses"]):
        yield f"{step['uses']} is not pinned by its commit"
    if (
        str(step.get("uses", "")).startswith("actions/checkout@")
        and step.get("with", {}).get("persist-credentials") is not False
    ):
        yield "checkout must not leave its credentials behind (persist-credentials: false)"
    if _UNTRUSTED.search(str(step.get("run", ""))):
        yield "puts text of strangers into a command"

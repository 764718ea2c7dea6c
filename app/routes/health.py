"""Is the service alive, is it ready: for load balancers and people."""

from flask import Blueprint, Response

from app.errors import ServiceUnavailable
from app.middleware.answers import answer, bare
from app.openapi import endpoint
from app.schemas.envelope import Answer
from app.services import health

probes = Blueprint("probes", __name__)
api = Blueprint("health", __name__)


class Health(Answer):
    status: str


@probes.get("/livez")
@endpoint(answers={200: Health}, bare=True)
def alive() -> Response:
    """The process answers; says nothing of the database."""
    return bare({"status": "ok"})


@probes.get("/readyz")
@endpoint(answers={200: Health}, errors=(ServiceUnavailable,), bare=True)
def ready() -> Response:
    """The database answers and its schema is the one this version needs."""
    health.check_ready()
    return bare({"status": "ok"})


@probes.get("/health")
@endpoint(answers={200: Health}, bare=True, operation_id="getProcessHealth")
def alive_by_its_older_name() -> Response:
    """The process answers, for those who know this address; `/livez` says the same."""
    return bare({"status": "ok"})


@probes.get("/health/ready")
@endpoint(answers={200: Health}, errors=(ServiceUnavailable,), bare=True)
def ready_by_its_older_name() -> Response:
    """The database answers and its schema fits, for those who know this address; `/readyz` says the same."""
    health.check_ready()
    return bare({"status": "ok"})


@api.get("/health")
@endpoint(answers={200: Health})
def healthy() -> Response:
    """The service is up."""
    return answer({"status": "ok"})

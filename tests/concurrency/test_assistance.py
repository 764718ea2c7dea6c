"""Requests for help sent at the same moment."""

from sqlalchemy.orm import Session

from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import make_location, make_user, sign_in


def test_parallel_requests_do_not_pass_the_limit(live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        headers = sign_in(session, make_user(session))
        body = {"branch_id": make_location(session).id, "message": "Help, please."}

    def ask() -> int:
        return live.client().post("/api/v1/store/assistance", json=body, headers=headers).status_code

    answers = at_once([ask] * 8)

    assert sorted(answers) == [201] * 5 + [409] * 3

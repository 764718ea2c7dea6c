"""One key, one claim, one counter: devices at the very same moment."""

from collections import Counter
from collections.abc import Callable
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.enums import Role
from app.models import AuditEvent, Device, TrolleyIncident
from tests import factories
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.devices import BASE, Talker, make_talker

ROUNDS = 20
BODY = b'{"fw":"1.4.2","b":87}'


def test_a_code_claimed_by_two_at_once_gives_one_key(live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        admin = factories.sign_in(session, factories.make_user(session, role=Role.ADMIN))
        branch = factories.make_location(session)
    for number in range(ROUNDS):
        form = {"serial": f"s-{number}", "branch_id": branch.id, "cart_label": f"L-{number}"}
        code = live.client().post("/api/v1/admin/devices", json=form, headers=admin).json["data"]["claim_code"]
        body = f'{{"code":"{code}","sn":"x","hw":"esp32s3","fw":"1.4.2"}}'

        answers = at_once([partial(live.client().post, f"{BASE}/claim", data=body) for _ in range(3)])

        assert Counter(answer.status_code for answer in answers) == {201: 1, 410: 2}
    with Session(live.engine) as session:
        claims = select(func.count()).select_from(AuditEvent).where(AuditEvent.action == "CLAIM")
        assert session.scalar(claims) == ROUNDS
        assert set(session.scalars(select(Device.kid))) == {1}


def test_a_request_sent_twice_at_once_counts_once(live: Live) -> None:
    talker = claimed(live)
    for _ in range(ROUNDS):
        talker.n += 1
        header = talker.signed("POST", "/hb", BODY)

        answers = at_once([sending(live, talker, header) for _ in range(2)])

        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 1}
    with Session(live.engine) as session:
        assert session.scalar(select(Device.last_n)) == ROUNDS
        assert session.scalar(select(func.count()).select_from(TrolleyIncident)) == 0


def test_of_two_requests_at_once_the_later_one_always_counts(live: Live) -> None:
    talker = claimed(live)
    for _ in range(ROUNDS):
        headers = []
        for _ in range(2):
            talker.n += 1
            headers.append(talker.signed("POST", "/hb", BODY))

        earlier, later = at_once([sending(live, talker, header) for header in headers])

        assert later.status_code == 200
        assert earlier.status_code in (200, 409)
    with Session(live.engine) as session:
        assert session.scalar(select(Device.last_n)) == 2 * ROUNDS


def claimed(live: Live) -> Talker:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        return make_talker(session, live.client())


def sending(live: Live, talker: Talker, header: str) -> Callable[[], TestResponse]:
    caller = Talker(live.client(), talker.device_id, talker.key)
    return partial(caller.send_as, header, "POST", "/hb", BODY)

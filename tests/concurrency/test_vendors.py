"""Races around vendors and their shops, with real commits."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.domain.enums import ReviewStatus, Role
from app.models import AuditEvent, PayoutBank, Shop, ShopHours, ShopStatusChange, StockLocation, VendorProfile
from app.services import locks
from app.services.secrets_at_rest import decrypt
from tests.concurrency.racing import at_once
from tests.conftest import Live
from tests.factories import make_shop, make_user, make_vendor, sign_in
from tests.vending import BUSINESS, SHOP, VENDOR

ROUNDS = 20
THREADS = 6
CORRECTION = {"address": "6 Baner Road"}
CORRECTED = {**CORRECTION, "kyc_status": ReviewStatus.PENDING, "reviewed_at": None, "review_note": None}


def made(live: Live, *, business: bool = True, shop: bool = False) -> tuple[int, dict[str, str]]:
    """A signed-in vendor: id and headers."""
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        vendor = make_vendor(session)
        if business:
            session.add(VendorProfile(user_id=vendor.id, **BUSINESS))
            session.commit()
        if shop:
            make_shop(session, vendor)
        return vendor.id, sign_in(session, vendor)


def count(live: Live, *conditions: Any) -> int:
    with Session(live.engine) as session:
        return session.execute(select(func.count()).where(*conditions)).scalar_one()


def posts(live: Live, headers: dict[str, str], path: str, *bodies: Any) -> list[Any]:
    """The answers to posts that are sent all at once."""
    return at_once(
        [lambda body=body: live.client().post(f"{VENDOR}{path}", json=body, headers=headers) for body in bodies]
    )


def codes(answers: list[Any]) -> Counter[str]:
    return Counter("200" if a.status_code == 200 else a.json["error"]["code"] for a in answers)


def test_of_shops_opened_at_once_a_vendor_gets_one(live: Live) -> None:
    for _ in range(ROUNDS):
        vendor_id, headers = made(live)

        answers = posts(live, headers, "/shop", *[SHOP] * THREADS)

        assert codes(answers) == {"200": 1, "SHOP_EXISTS": THREADS - 1}
        assert {a.json["error"]["message"] for a in answers if a.status_code == 409} == {
            "Shop already exists for this vendor"
        }
        assert count(live, Shop.owner_id == vendor_id) == 1
    assert count(live, StockLocation.id.is_not(None)) == ROUNDS
    assert count(live, AuditEvent.entity_type == "shop") == ROUNDS


def test_of_businesses_told_of_at_once_a_vendor_gets_one(live: Live) -> None:
    for _ in range(ROUNDS):
        vendor_id, headers = made(live, business=False)

        answers = posts(live, headers, "/profile", *[BUSINESS] * THREADS)

        assert codes(answers) == {"200": 1, "VENDOR_PROFILE_EXISTS": THREADS - 1}
        assert count(live, VendorProfile.user_id == vendor_id) == 1


def test_banks_set_at_once_leave_one_of_them_whole(live: Live) -> None:
    for _ in range(ROUNDS):
        vendor_id, headers = made(live)
        banks = [
            {"bank_name": f"Bank {n}", "account_number": f"50100123{n:04d}", "ifsc_code": f"BANK{n}"}
            for n in range(THREADS)
        ]

        answers = posts(live, headers, "/payout/setup", *banks)

        assert codes(answers) == {"200": THREADS}
        with live.app.app_context(), Session(live.engine) as session:
            kept = session.get_one(PayoutBank, vendor_id)
            number = decrypt(kept.account_number)
        assert {"bank_name": kept.bank_name, "account_number": number, "ifsc_code": kept.ifsc_code} in banks
        assert kept.last4 == number[-4:]


def test_hours_replaced_at_once_leave_one_of_the_weeks(live: Live) -> None:
    for _ in range(ROUNDS):
        _, headers = made(live, shop=True)
        weeks = [
            [{"day_of_week": day, "open_time": f"{opens:02d}:00", "close_time": "20:00"} for day in range(3)]
            for opens in range(THREADS)
        ]

        answers = posts(live, headers, "/shop/hours", *({"weekly_hours": week} for week in weeks))

        shown = live.client().get(f"{VENDOR}/shop/hours", headers=headers).json["data"]["weekly_hours"]
        assert codes(answers) == {"200": THREADS}
        assert shown in weeks
    assert count(live, ShopHours.shop_id.is_not(None)) == 3 * ROUNDS


def test_the_log_of_switches_at_once_alternates_and_ends_with_what_is_so(live: Live) -> None:
    for _ in range(ROUNDS):
        vendor_id, headers = made(live, shop=True)

        answers = posts(live, headers, "/shop/toggle-status", *({"is_open": n % 2 == 1} for n in range(THREADS)))

        with Session(live.engine) as session:
            shop = session.scalars(select(Shop).where(Shop.owner_id == vendor_id)).one()
            log = select(ShopStatusChange.event).where(ShopStatusChange.shop_id == shop.id)
            events = [event.value for event in session.scalars(log.order_by(ShopStatusChange.id))]
        assert codes(answers) == {"200": THREADS}
        assert events == [("closed", "opened")[place % 2] for place in range(len(events))]
        assert shop.is_open is (len(events) % 2 == 0)


def test_a_word_on_a_shop_said_many_times_at_once_is_audited_once(live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        as_admin = sign_in(session, make_user(session, role=Role.ADMIN))
    for _ in range(ROUNDS):
        vendor_id, _ = made(live, shop=True)
        with Session(live.engine) as session:
            shop_id = session.scalars(select(Shop.id).where(Shop.owner_id == vendor_id)).one()

        answers = at_once(
            [
                lambda shop_id=shop_id: live.client().post(f"/api/v1/admin/shops/{shop_id}/verify", headers=as_admin)
                for _ in range(THREADS)
            ]
        )

        assert codes(answers) == {"200": THREADS}
        assert count(live, AuditEvent.entity_type == "shop", AuditEvent.entity_id == shop_id) == 1


def test_a_verdict_and_a_correction_at_once_end_as_if_one_came_after_the_other(live: Live) -> None:
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        as_admin = sign_in(session, make_user(session, role=Role.ADMIN))
    for _ in range(ROUNDS):
        vendor_id, headers = made(live)

        answers = at_once(
            [
                lambda vendor_id=vendor_id: live.client().post(
                    f"/api/v1/admin/vendors/{vendor_id}/approve", headers=as_admin
                ),
                lambda headers=headers: live.client().patch(f"{VENDOR}/profile", json=CORRECTION, headers=headers),
            ]
        )

        with Session(live.engine) as session:
            profile = session.get_one(VendorProfile, vendor_id)
            actions = session.scalars(
                select(AuditEvent.action)
                .where(AuditEvent.entity_type == "vendor_profile", AuditEvent.entity_id == vendor_id)
                .order_by(AuditEvent.id)
            ).all()
        assert codes(answers) == {"200": 2}
        assert profile.address == CORRECTION["address"]
        expected = ReviewStatus.APPROVED if actions == ["UPDATE", "APPROVE"] else ReviewStatus.PENDING
        assert profile.kyc_status is expected


def test_a_correction_waits_for_a_verdict_in_the_making_and_takes_it_back(live: Live) -> None:
    """Otherwise the office would have approved what it never saw."""
    vendor_id, headers = made(live)
    verdict = {"kyc_status": ReviewStatus.APPROVED, "reviewed_at": func.now()}

    with Session(live.engine) as office, ThreadPoolExecutor(1) as pool:
        locks.user(office, user_id=vendor_id)
        office.execute(update(VendorProfile).where(VendorProfile.user_id == vendor_id).values(**verdict))
        correcting = pool.submit(live.client().patch, f"{VENDOR}/profile", json=CORRECTION, headers=headers)
        waited = not wait([correcting], timeout=0.5).done
        office.commit()
        answer = correcting.result().json["data"]

    assert waited
    assert (answer["address"], answer["kyc_status"]) == (CORRECTION["address"], "pending")


def test_a_verdict_waits_for_a_correction_in_the_making_and_judges_it(live: Live) -> None:
    vendor_id, _ = made(live)
    path, note = f"/api/v1/admin/vendors/{vendor_id}/reject", {"note": "The address is wrong."}
    with live.app.app_context(), Session(live.engine, expire_on_commit=False) as session:
        as_admin = sign_in(session, make_user(session, role=Role.ADMIN))
    live.client().post(path, json=note, headers=as_admin)

    with Session(live.engine) as vendor, ThreadPoolExecutor(1) as pool:
        locks.user(vendor, user_id=vendor_id)
        vendor.execute(update(VendorProfile).where(VendorProfile.user_id == vendor_id).values(**CORRECTED))
        rejecting = pool.submit(live.client().post, path, json=note, headers=as_admin)
        waited = not wait([rejecting], timeout=0.5).done
        vendor.commit()
        answer = rejecting.result().json["data"]

    with Session(live.engine) as session:
        kept = session.get_one(VendorProfile, vendor_id).kyc_status
    assert waited
    assert answer["kyc_status"] == kept == "rejected"

"""Vendors' businesses and papers as the office reviews them."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.enums import ReviewStatus, Role
from app.models import AuditEvent, User, VendorDocument, VendorProfile
from tests.conftest import Statements
from tests.factories import make_consumer, make_shop, make_user, make_vendor, sign_in
from tests.managing import ADMIN, Manager, audited, make_manager
from tests.vending import BUSINESS, VENDOR, news_of

NOTE = {"note": "The PAN card cannot be read."}
BANK = {"bank_name": "HDFC Bank", "account_number": "50100123456789", "ifsc_code": "HDFC0001234"}


@pytest.fixture
def office(session: Session, client: FlaskClient) -> Manager:
    return make_manager(session, client, role=Role.ADMIN)


def make_business(session: Session, **columns: Any) -> User:
    """A vendor with a business that waits for review."""
    vendor = make_vendor(session, **columns)
    session.add(VendorProfile(user_id=vendor.id, **BUSINESS))
    session.commit()
    return vendor


def make_document(session: Session, vendor: User, **columns: Any) -> VendorDocument:
    values = {"document_type": "pan", "file_url": "https://files.example.com/17.pdf", **columns}
    document = VendorDocument(user_id=vendor.id, **values)
    session.add(document)
    session.commit()
    return document


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_vendors_are_reviewed_by_admins_only(client: FlaskClient, session: Session, role: Role) -> None:
    headers = sign_in(session, make_user(session, role=role))
    calls = [
        ("GET", ""),
        ("GET", "/1"),
        *(("POST", f"/{what}/{word}") for what in ("1", "documents/1") for word in ("approve", "reject")),
    ]

    answers = [client.open(f"{ADMIN}/vendors{path}", method=method, headers=headers) for method, path in calls]

    assert {answer.status_code for answer in answers} == {403}


# --- finding them ---


def test_a_vendor_is_listed_with_business_and_shop(office: Manager, session: Session) -> None:
    vendor = make_business(session, full_name="")
    shop = make_shop(session, vendor, name="Asha Fresh")
    make_document(session, vendor)
    make_document(session, vendor, status=ReviewStatus.APPROVED, reviewed_at=vendor.created_at)

    [row] = office.get("/vendors")["data"]

    assert row.pop("created_at")
    assert row == {
        "user_id": vendor.id,
        "full_name": "",
        "phone": vendor.phone,
        "email": None,
        "city": "Pune",
        "society": "Rose Garden",
        "is_active": True,
        "business_name": "Asha Stores",
        "kyc_status": "pending",
        "pending_documents": 1,
        "shop_id": shop.id,
        "shop_name": "Asha Fresh",
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Asha", "Bela", "Chand_"]),
        ("q=asha", ["Asha", "Chand_"]),
        ("q=_", ["Chand_"]),
        ("q=%25", []),
        ("q=8880002", ["Bela"]),
        ("q=bela@EXAMPLE", ["Bela"]),
        ("kyc_status=approved", ["Chand_"]),
        ("kycStatus=pending", ["Asha"]),
        ("kyc_status=rejected", []),
    ],
)
def test_vendors_are_found_by_a_part_of_their_text_and_by_the_verdict(
    office: Manager, session: Session, query: str, found: list[str]
) -> None:
    make_business(session, full_name="Asha", phone="+918880001111")
    make_vendor(session, full_name="Bela", phone="+918880002222", email="bela@example.com")
    third = make_business(session, full_name="Chand_")
    make_consumer(session, full_name="Asha who buys")
    office.done("POST", f"/vendors/{third.id}/approve")

    answer = office.get(f"/vendors?{query}")

    if query == "q=asha":  # the business of both is called Asha Stores
        assert {row["business_name"] for row in answer["data"]} == {"Asha Stores"}
    assert [row["full_name"] for row in answer["data"]] == found
    assert answer["meta"]["total"] == len(found)


def test_vendors_are_paged_in_one_statement_however_many(
    office: Manager, session: Session, statements: Statements
) -> None:
    ids = [make_business(session).id for _ in range(5)]
    office.get("/vendors?limit=2")
    statements.clear()

    first = office.get("/vendors?limit=3")
    counted = [statement for statement in statements if "vendor_profiles" in statement]
    rest = office.get(f"/vendors?limit=3&cursor={first['meta']['next_cursor']}")

    assert len(counted) == 1
    assert [row["user_id"] for row in first["data"] + rest["data"]] == ids


def test_a_faulty_query_is_refused(office: Manager) -> None:
    assert office.refused("GET", "/vendors?kyc_status=perhaps") == (400, "VALIDATION_ERROR")
    assert office.refused("GET", "/vendors?cursor=x") == (400, "VALIDATION_ERROR")


def test_a_vendor_is_shown_with_papers_and_masked_bank(
    office: Manager, client: FlaskClient, session: Session, statements: Statements
) -> None:
    vendor = make_business(session)
    client.post(f"{VENDOR}/payout/setup", json=BANK, headers=sign_in(session, vendor))
    papers = [make_document(session, vendor) for _ in range(3)]
    statements.clear()

    shown = office.done("GET", f"/vendors/{vendor.id}")

    assert {name: shown["profile"][name] for name in BUSINESS} == BUSINESS
    assert [paper["id"] for paper in shown["documents"]] == [paper.id for paper in papers][::-1]
    assert shown["bank"]["account_number"] == "****6789"
    assert "50100123456789" not in str(shown)
    assert len([sent for sent in statements if "vendor_" in sent or "payout_banks" in sent]) == 3


def test_a_vendor_who_has_told_nothing_is_shown_all_the_same(office: Manager, session: Session) -> None:
    vendor = make_vendor(session)

    shown = office.done("GET", f"/vendors/{vendor.id}")

    assert (shown["profile"], shown["documents"], shown["bank"], shown["shop_id"]) == (None, [], None, None)


def test_who_is_no_vendor_is_not_found(office: Manager, session: Session) -> None:
    for user_id in (make_consumer(session).id, office.user.id, 2**40):
        assert office.refused("GET", f"/vendors/{user_id}") == (404, "VENDOR_NOT_FOUND")
        assert office.refused("POST", f"/vendors/{user_id}/approve") == (404, "VENDOR_PROFILE_NOT_FOUND")
        assert office.refused("POST", f"/vendors/{user_id}/reject", json=NOTE) == (404, "VENDOR_PROFILE_NOT_FOUND")
    assert office.refused("POST", f"/vendors/documents/{2**40}/approve") == (404, "DOCUMENT_NOT_FOUND")
    assert office.refused("POST", f"/vendors/documents/{2**40}/reject", json=NOTE) == (404, "DOCUMENT_NOT_FOUND")


# --- the verdict ---


def test_a_business_is_rejected_and_approved_and_the_vendor_is_told(office: Manager, session: Session) -> None:
    vendor, other = make_business(session), make_business(session)

    rejected = office.done("POST", f"/vendors/{vendor.id}/reject", json=NOTE)
    approved = office.done("POST", f"/vendors/{vendor.id}/approve")

    assert (rejected["user_id"], rejected["kyc_status"]) == (vendor.id, "rejected")
    assert rejected["review_note"] == NOTE["note"]
    assert (approved["kyc_status"], approved["review_note"]) == ("approved", None)
    assert rejected["reviewed_at"] is not None
    assert audited(session, "vendor_profile") == [
        (
            "REJECT",
            {"kyc_status": "pending", "review_note": None},
            {"kyc_status": "rejected", "review_note": NOTE["note"]},
        ),
        (
            "APPROVE",
            {"kyc_status": "rejected", "review_note": NOTE["note"]},
            {"kyc_status": "approved", "review_note": None},
        ),
    ]
    assert news_of(session, vendor) == [
        ("vendor.kyc", {"about": "profile", "status": "rejected", **NOTE}),
        ("vendor.kyc", {"about": "profile", "status": "approved", "note": None}),
    ]
    session.expire_all()
    assert session.get_one(VendorProfile, vendor.id).reviewed_by == office.user.id
    assert session.get_one(VendorProfile, other.id).kyc_status is ReviewStatus.PENDING


def test_a_paper_is_reviewed_by_itself_and_the_vendor_is_told(office: Manager, session: Session) -> None:
    vendor = make_business(session)
    paper, other = make_document(session, vendor), make_document(session, vendor)

    rejected = office.done("POST", f"/vendors/documents/{paper.id}/reject", json=NOTE)
    approved = office.done("POST", f"/vendors/documents/{paper.id}/approve", json={"note": "Clear now"})

    assert (rejected["id"], rejected["user_id"], rejected["status"]) == (paper.id, vendor.id, "rejected")
    assert (approved["status"], approved["review_note"]) == ("approved", "Clear now")
    assert [action for action, _, _ in audited(session, "vendor_document")] == ["REJECT", "APPROVE"]
    told = {"about": "document", "document_id": paper.id, "document_type": "pan"}
    assert news_of(session, vendor) == [
        ("vendor.kyc", {**told, "status": "rejected", **NOTE}),
        ("vendor.kyc", {**told, "status": "approved", "note": "Clear now"}),
    ]
    session.expire_all()
    assert session.get_one(VendorDocument, paper.id).reviewed_by == office.user.id
    assert session.get_one(VendorDocument, other.id).status is ReviewStatus.PENDING
    assert session.get_one(VendorProfile, vendor.id).kyc_status is ReviewStatus.PENDING


@pytest.mark.parametrize("what", ["business", "paper"])
def test_the_same_verdict_once_more_leaves_no_trace(
    office: Manager, client: FlaskClient, session: Session, what: str
) -> None:
    vendor = make_business(session)
    paper = make_document(session, vendor)
    path = f"/vendors/{vendor.id}/reject" if what == "business" else f"/vendors/documents/{paper.id}/reject"

    first = office.done("POST", path, json=NOTE)
    again = make_manager(session, client, role=Role.ADMIN).done("POST", path, json=NOTE)

    actions = session.scalars(select(AuditEvent.action).where(AuditEvent.entity_type.like("vendor%"))).all()
    assert first == again
    assert actions == ["REJECT"]
    session.expire_all()
    reviewed = session.get_one(VendorProfile, vendor.id) if what == "business" else paper
    assert reviewed.reviewed_by == office.user.id
    assert len(news_of(session, vendor)) == 1


@pytest.mark.parametrize("body", [{}, {"note": ""}, {"note": None}, {"note": "n" * 401}])
def test_a_rejection_says_what_is_wrong(office: Manager, session: Session, body: dict[str, Any]) -> None:
    vendor = make_business(session)
    paper = make_document(session, vendor)

    for path in (f"/vendors/{vendor.id}/reject", f"/vendors/documents/{paper.id}/reject"):
        assert office.refused("POST", path, json=body) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("body", [None, {}, {"note": None}])
def test_an_approval_needs_no_note(office: Manager, session: Session, body: Any) -> None:
    vendor = make_business(session)

    assert office.done("POST", f"/vendors/{vendor.id}/approve", json=body)["kyc_status"] == "approved"


def test_a_rejected_business_that_is_corrected_waits_for_the_office_again(
    office: Manager, client: FlaskClient, session: Session
) -> None:
    vendor = make_business(session)
    office.done("POST", f"/vendors/{vendor.id}/reject", json=NOTE)

    client.patch(f"{VENDOR}/profile", json={"address": "6 Baner Road"}, headers=sign_in(session, vendor))

    [row] = office.get("/vendors?kyc_status=pending")["data"]
    assert row["user_id"] == vendor.id
    profile = office.done("GET", f"/vendors/{vendor.id}")["profile"]
    assert (profile["review_note"], profile["reviewed_at"]) == (None, None)

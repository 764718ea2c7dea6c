"""A vendor's business, papers and bank."""

import json
import logging
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain.enums import ReviewStatus, Role
from app.models import PayoutBank, VendorDocument, VendorProfile
from app.services.secrets_at_rest import decrypt
from tests.conftest import Statements
from tests.factories import make_user, sign_in
from tests.managing import audited
from tests.vending import BUSINESS, VENDOR, Vendor, make_signed_in_vendor

PAPER = {"document_type": "pan", "file_url": "https://files.example.com/papers/17.pdf"}
NUMBER = "50100123456789"
BANK = {"bank_name": "HDFC Bank", "account_number": NUMBER, "ifsc_code": "hdfc0001234"}


@pytest.fixture
def vendor(session: Session, client: FlaskClient) -> Vendor:
    return make_signed_in_vendor(session, client)


def review(session: Session, vendor: Vendor, status: ReviewStatus) -> None:
    """The office's verdict, as it stands in the database."""
    profile = session.get_one(VendorProfile, vendor.user.id)
    profile.kyc_status, profile.review_note = status, "Seen"
    profile.reviewed_at = profile.created_at
    session.commit()


def status_of(session: Session, vendor: Vendor) -> ReviewStatus:
    session.expire_all()
    return session.get_one(VendorProfile, vendor.user.id).kyc_status


# --- the business ---


def test_a_vendor_tells_of_the_business_and_sees_that_it_waits_for_review(vendor: Vendor, session: Session) -> None:
    answer = vendor.post("/profile", {**BUSINESS, "kyc_status": "approved", "user_id": 1})

    shown = vendor.get("/profile")["data"]
    assert answer == {"message": "Vendor profile created"}
    assert shown.pop("created_at") == shown.pop("updated_at")
    assert shown == {**BUSINESS, "kyc_status": "pending", "review_note": None, "reviewed_at": None}
    assert audited(session, "vendor_profile") == [("CREATE", None, BUSINESS)]


@pytest.mark.parametrize("field", ["business_type", "business_name", "address"])
@pytest.mark.parametrize("change", ["left out", None, "", "  "])
def test_a_business_without_one_of_its_details_is_refused(vendor: Vendor, field: str, change: Any) -> None:
    body = {name: value for name, value in BUSINESS.items() if name != field or change != "left out"}
    if change != "left out":
        body[field] = change

    refused = vendor.refused("POST", "/profile", json=body)

    assert refused == (400, "MISSING_VENDOR_DETAILS", "Missing required vendor details")


@pytest.mark.parametrize(
    "change",
    [
        {"business_type": "b" * 101},
        {"business_name": "b" * 151},
        {"business_name": 7},
        {"address": "a" * 401},
        {"address": "a\x00b"},
        {"gst_number": "g" * 31},
    ],
)
def test_a_malformed_business_is_refused(vendor: Vendor, change: dict[str, Any]) -> None:
    assert vendor.refused("POST", "/profile", json={**BUSINESS, **change})[:2] == (400, "VALIDATION_ERROR")


def test_a_business_needs_basic_onboarding(session: Session, client: FlaskClient) -> None:
    newcomer = make_signed_in_vendor(session, client, onboarded_at=None)

    refused = newcomer.refused("POST", "/profile", json=BUSINESS)

    assert refused == (409, "BASIC_ONBOARDING_INCOMPLETE", "Basic onboarding incomplete")


def test_a_second_business_is_refused(vendor: Vendor) -> None:
    vendor.post("/profile", BUSINESS)

    refused = vendor.refused("POST", "/profile", json={**BUSINESS, "business_name": "Another"})

    assert refused == (409, "VENDOR_PROFILE_EXISTS", "Vendor profile already exists")
    assert vendor.get("/profile")["data"]["business_name"] == "Asha Stores"


def test_what_is_not_there_yet_is_not_found(vendor: Vendor) -> None:
    assert vendor.refused("GET", "/profile")[:2] == (404, "VENDOR_PROFILE_NOT_FOUND")
    assert vendor.refused("PATCH", "/profile", json={"address": "Elsewhere"})[:2] == (404, "VENDOR_PROFILE_NOT_FOUND")
    assert vendor.refused("GET", "/payout/bank") == (404, "PAYOUT_BANK_NOT_FOUND", "No payout bank setup found")
    assert vendor.get("/documents")["data"] == []


@pytest.mark.parametrize("verdict", [ReviewStatus.APPROVED, ReviewStatus.REJECTED])
def test_a_changed_business_goes_back_to_the_office(vendor: Vendor, session: Session, verdict: ReviewStatus) -> None:
    vendor.post("/profile", BUSINESS)
    review(session, vendor, verdict)

    answer = vendor.call("PATCH", "/profile", json={"address": "6 Baner Road", "business_name": None}).json["data"]

    assert (answer["address"], answer["business_name"]) == ("6 Baner Road", "Asha Stores")
    assert (answer["kyc_status"], answer["review_note"], answer["reviewed_at"]) == ("pending", None, None)
    _, (action, old, new) = audited(session, "vendor_profile")
    assert (action, old["kyc_status"], new["kyc_status"]) == ("UPDATE", verdict, "pending")
    assert (old["address"], new["address"]) == ("4 Baner Road, Pune", "6 Baner Road")


def test_a_change_that_changes_nothing_keeps_the_verdict(vendor: Vendor, session: Session) -> None:
    vendor.post("/profile", BUSINESS)
    review(session, vendor, ReviewStatus.APPROVED)

    answer = vendor.call("PATCH", "/profile", json=vendor.get("/profile")["data"])

    assert answer.json["data"]["kyc_status"] == "approved"
    assert [action for action, _, _ in audited(session, "vendor_profile")] == ["CREATE"]


@pytest.mark.parametrize("nothing", [None, "", " "])
def test_a_gst_number_can_be_taken_away(vendor: Vendor, nothing: str | None) -> None:
    vendor.post("/profile", BUSINESS)

    answer = vendor.call("PATCH", "/profile", json={"gst_number": nothing})

    assert answer.json["data"]["gst_number"] is None


# --- papers ---


def test_papers_are_listed_newest_first_page_by_page_in_one_statement(
    vendor: Vendor, session: Session, statements: Statements
) -> None:
    ids = [vendor.post("/upload-document", PAPER)["document_id"] for _ in range(3)]
    vendor.get("/documents?limit=2")
    statements.clear()

    first = vendor.get("/documents?limit=2")
    counted = [statement for statement in statements if "vendor_documents" in statement]
    rest = vendor.get(f"/documents?limit=2&cursor={first['meta']['next_cursor']}")

    assert len(counted) == 1
    assert [row["id"] for row in first["data"] + rest["data"]] == ids[::-1]
    assert first["meta"]["total"] == 3


def test_a_paper_is_kept_by_its_address_and_waits_for_review(vendor: Vendor, session: Session) -> None:
    answer = vendor.post("/upload-document", {**PAPER, "document_type": " Shop_License ", "status": "approved"})

    [shown] = vendor.get("/documents")["data"]
    del shown["created_at"]
    assert answer == {"message": "Document uploaded", "document_id": shown["id"]}
    assert shown == {
        "id": answer["document_id"],
        "document_type": "shop_license",
        "file_url": PAPER["file_url"],
        "status": "pending",
        "review_note": None,
        "reviewed_at": None,
    }
    [(action, _, new)] = audited(session, "vendor_document")
    assert (action, new["document_type"]) == ("CREATE", "shop_license")


@pytest.mark.parametrize(
    "body", [{}, {"document_type": "pan"}, {**PAPER, "file_url": ""}, {**PAPER, "document_type": None}]
)
def test_a_paper_without_type_or_address_is_refused(vendor: Vendor, body: dict[str, Any]) -> None:
    refused = vendor.refused("POST", "/upload-document", json=body)

    assert refused == (400, "MISSING_DOCUMENT", "Missing document type or file URL")


@pytest.mark.parametrize(
    "change",
    [
        {"document_type": "d" * 51},
        {"document_type": 7},
        {"file_url": "javascript:alert(1)"},
        {"file_url": "ftp://files.example.com/17.pdf"},
        {"file_url": "https://files.example.com/a b.pdf"},
        {"file_url": 'https://files.example.com/"onload=x'},
        {"file_url": "https://"},
        {"file_url": "https://files.example.com/" + "a" * 500},
    ],
)
def test_a_malformed_paper_is_refused(vendor: Vendor, session: Session, change: dict[str, Any]) -> None:
    assert vendor.refused("POST", "/upload-document", json={**PAPER, **change})[:2] == (400, "VALIDATION_ERROR")
    assert session.scalars(select(VendorDocument)).all() == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ReviewStatus.REJECTED, ReviewStatus.PENDING),
        (ReviewStatus.APPROVED, ReviewStatus.APPROVED),
    ],
)
def test_a_new_paper_brings_a_rejected_business_back_to_the_office(
    vendor: Vendor, session: Session, before: ReviewStatus, after: ReviewStatus
) -> None:
    vendor.post("/profile", BUSINESS)
    review(session, vendor, before)

    vendor.post("/upload-document", PAPER)

    assert status_of(session, vendor) is after
    expected = ["CREATE", "ASK_AGAIN"] if before is not after else ["CREATE"]
    assert [action for action, _, _ in audited(session, "vendor_profile")] == expected


def test_nobody_sees_what_another_vendor_handed_in(vendor: Vendor, session: Session, client: FlaskClient) -> None:
    vendor.post("/profile", BUSINESS)
    vendor.post("/upload-document", PAPER)
    vendor.post("/payout/setup", BANK)

    stranger = make_signed_in_vendor(session, client)

    assert stranger.get("/documents")["data"] == []
    assert stranger.refused("GET", "/profile")[0] == stranger.refused("GET", "/payout/bank")[0] == 404


# --- the bank ---


def test_a_bank_is_shown_by_the_end_of_its_account_number(vendor: Vendor) -> None:
    answer = vendor.post("/payout/setup", BANK)

    shown = vendor.get("/payout/bank")["data"]
    del shown["updated_at"]
    assert answer == {"message": "Payout bank info saved"}
    assert shown == {"bank_name": "HDFC Bank", "account_number": "****6789", "ifsc_code": "HDFC0001234"}


def test_a_bank_is_replaced_and_both_are_in_the_audit_trail_by_their_ends(vendor: Vendor, session: Session) -> None:
    vendor.post("/payout/setup", BANK)

    vendor.post("/payout/setup", {"bank_name": "SBI", "account_number": "AB12", "ifsc_code": "SBIN0000001"})

    assert vendor.get("/payout/bank")["data"]["account_number"] == "****12"
    first = {"bank_name": "HDFC Bank", "account_number": "****6789", "ifsc_code": "HDFC0001234"}
    second = {"bank_name": "SBI", "account_number": "****12", "ifsc_code": "SBIN0000001"}
    assert audited(session, "payout_bank") == [("CREATE", None, first), ("UPDATE", first, second)]


def test_an_account_number_is_nowhere_in_the_clear(
    vendor: Vendor, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [vendor.call("POST", "/payout/setup", json=BANK), vendor.call("GET", "/payout/bank")]
    faulty = vendor.call("POST", "/payout/setup", json={**BANK, "account_number": f"{NUMBER}-"})

    tables = session.scalars(text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"))
    found = [
        table
        for table in tables.all()
        if session.execute(
            text(f'SELECT 1 FROM "{table}" WHERE strpos("{table}"::text, :number) > 0 LIMIT 1'), {"number": NUMBER}
        ).first()
    ]
    kept = session.get_one(PayoutBank, vendor.user.id)
    assert found == []
    assert decrypt(kept.account_number) == NUMBER
    assert (kept.last4, faulty.status_code) == ("6789", 400)
    assert [NUMBER in answer.text for answer in (*answers, faulty)] == [False] * 3
    assert NUMBER not in json.dumps([record.getMessage() for record in caplog.records])


@pytest.mark.parametrize(
    "change",
    [
        {"account_number": "123"},
        {"account_number": "1" * 51},
        {"account_number": "1234 5678"},
        {"account_number": "१२३४५६"},
        {"account_number": 12345678},
        {"account_number": None},
        {"bank_name": ""},
        {"bank_name": "b" * 101},
        {"ifsc_code": "A" * 21},
        {"ifsc_code": "HDFC-1"},
        {"ifsc_code": None},
    ],
)
def test_a_malformed_bank_is_refused(vendor: Vendor, session: Session, change: dict[str, Any]) -> None:
    assert vendor.refused("POST", "/payout/setup", json={**BANK, **change})[:2] == (400, "VALIDATION_ERROR")
    assert session.get(PayoutBank, vendor.user.id) is None


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.VENDOR])
def test_the_side_of_vendors_is_closed_to_every_other_role(client: FlaskClient, session: Session, role: Role) -> None:
    headers = sign_in(session, make_user(session, role=role))

    answers = [
        client.get(f"{VENDOR}/{path}", headers=headers)
        for path in ("profile", "documents", "payout/bank", "shop/my", "shop/hours", "shop/status-log", "shop/holidays")
    ]

    assert {answer.status_code for answer in answers} == {403}

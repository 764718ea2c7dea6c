"""Sections 8 to 10 of the marketplace's contract as older clients see them: a vendor's papers, shop and items."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.compat.conftest import Old, SignIn, Street
from tests.factories import make_item, make_shop, make_vendor

BUSINESS = {"business_type": "grocery", "business_name": "Asha Stores", "address": "4 Baner Road"}
SHOP = {
    "id",
    "shop_name",
    "shop_type",
    "society",
    "phone",
    "description",
    "delivers",
    "appointment_only",
    "is_open",
    "logo_url",
    "category_tags",
    "verified",
    "featured",
}
ITEM = {
    "id",
    "title",
    "brand",
    "price",
    "mrp",
    "discount",
    "description",
    "unit",
    "pack_size",
    "category",
    "tags",
    "sku",
    "expiry_date",
    "image_url",
    "quantity_in_stock",
    "is_available",
    "is_active",
}


@pytest.fixture
def newcomer(session: Session, signed_in: SignIn) -> Old:
    return signed_in(make_vendor(session))


def test_a_vendor_hands_in_papers_and_a_bank(newcomer: Old) -> None:
    bank = {"bank_name": "HDFC", "account_number": "50100123456789", "ifsc_code": "HDFC0001234"}
    paper = {"document_type": "pan", "file_url": "https://files.example.com/17.pdf"}

    assert newcomer.post("/vendor/profile", BUSINESS) == {"message": "Vendor profile created"}
    assert newcomer.post("/vendor/upload-document", paper) == {"message": "Document uploaded"}
    assert newcomer.post("/vendor/payout/setup", bank) == {"message": "Payout bank info saved"}


def test_what_papers_are_refused(session: Session, newcomer: Old, signed_in: SignIn) -> None:
    blank = {**BUSINESS, "address": ""}
    assert newcomer.refused("POST", "/vendor/profile", json=blank) == (400, "Missing required vendor details")
    assert newcomer.refused("POST", "/vendor/profile") == (400, "Validation error")
    assert newcomer.refused("POST", "/vendor/upload-document", json={}) == (400, "Missing document type or file URL")
    newcomer.post("/vendor/profile", BUSINESS)
    assert newcomer.refused("POST", "/vendor/profile", json=BUSINESS) == (400, "Vendor profile already exists")
    early = signed_in(make_vendor(session, onboarded_at=None))
    assert early.refused("POST", "/vendor/profile", json=BUSINESS) == (400, "Basic onboarding incomplete")


@pytest.mark.parametrize("path", ["/vendor/shop", "/vendor/create-shop"])
def test_a_shop_is_made_once(newcomer: Old, path: str) -> None:
    form = {"shop_name": "Asha Stores", "shop_type": "grocery"}
    without = newcomer.refused("POST", path, json=form)
    assert without == (400, "Vendor profile not found. Please complete vendor onboarding first.")
    newcomer.post("/vendor/profile", BUSINESS)
    assert newcomer.refused("POST", path, json={}) == (400, "Missing required fields")

    made = newcomer.post(path, form)

    assert made.keys() == {"message", "shop_id"}
    assert made["message"] == "Shop created"
    assert newcomer.refused("POST", path, json=form) == (400, "Shop already exists for this vendor")


@pytest.mark.parametrize("path", ["/shop/my", "/vendor/shop/my"])
def test_ones_shop_is_read_and_posted_back_whole(street: Street, path: str) -> None:
    shop = street.vendor.get(path)["data"]

    assert shop.keys() == SHOP
    assert street.vendor.post("/vendor/shop/edit", {**shop, "featured": True}) == {"message": "Shop updated"}
    assert street.vendor.get(path) == {"data": shop}


@pytest.mark.parametrize("path", ["/vendor/shop/toggle-status", "/vendor/shop/toggle_status"])
def test_a_shop_is_opened_and_closed(street: Street, path: str) -> None:
    assert street.vendor.post(path, {"is_open": False}) == {"message": "Shop marked as closed"}
    assert street.vendor.post(path, {"is_open": True}) == {"message": "Shop marked as opened"}
    assert street.vendor.refused("POST", path, json={"is_open": "yes"}) == (400, "Invalid is_open value")


def test_hours_replace_the_week(street: Street) -> None:
    open_times = {"day_of_week": 0, "open_time": "09:00", "close_time": "20:00"}
    closed = {"day_of_week": 6, "open_time": "Closed", "close_time": ""}

    saved = street.vendor.post("/vendor/shop/hours", {"weekly_hours": [open_times, closed]})

    assert saved == {"message": "Shop hours updated"}
    assert street.vendor.get("/vendor/shop/hours") == {"weekly_hours": [open_times]}
    empty = street.vendor.refused("POST", "/vendor/shop/hours", json={"weekly_hours": []})
    assert empty == (400, "No hours data provided")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/shop/my", None),
        ("GET", "/item/my", None),
        ("POST", "/vendor/shop/edit", {}),
        ("POST", "/vendor/shop/toggle_status", {"is_open": True}),
        ("POST", "/item/add", {"title": "Tea", "price": 1}),
    ],
)
def test_without_a_shop_it_is_not_found(newcomer: Old, method: str, path: str, body: object) -> None:
    assert newcomer.refused(method, path, json=body) == (404, "Shop not found")


@pytest.mark.parametrize("base", ["/item", "/vendor/item"])
def test_an_item_is_added_shown_toggled_and_posted_back_whole(street: Street, base: str) -> None:
    added = street.vendor.post(f"{base}/add", {"title": "Tea", "price": "12.50"})
    assert added.keys() == {"message", "item_id"}
    assert added["message"] == "Item added"
    tea = f"{added['item_id']}"

    shown = street.vendor.get(f"{base}/my")["data"]
    assert [item.keys() for item in shown] == [ITEM, ITEM]
    (item,) = [each for each in shown if each["id"] == added["item_id"]]
    assert (item["price"], item["unit"], item["quantity_in_stock"]) == (12.5, "pcs", 100)

    assert street.vendor.post(f"{base}/update/{tea}", {**item, "is_active": False}) == {"message": "Item updated"}
    assert street.vendor.post(f"{base}/{tea}/toggle", None) == {"message": "Item availability updated"}
    assert {
        name: each[name]
        for each in street.vendor.get(f"{base}/my")["data"]
        if each["id"] == item["id"]
        for name in ("is_available",)
    } == {"is_available": False}


def test_the_items_of_another_shop_are_not_found(session: Session, street: Street) -> None:
    theirs = make_item(session, make_shop(session)).id
    refusal = (404, "Item not found or unauthorized")

    assert street.vendor.refused("POST", f"/item/update/{theirs}", json={"price": 1}) == refusal
    assert street.vendor.refused("POST", f"/item/{theirs}/toggle") == refusal


def test_an_item_needs_a_title_and_a_price(street: Street) -> None:
    answer = street.vendor.call("POST", "/item/add", json={"price": "abc"})

    assert (answer.status_code, answer.json["message"]) == (400, "Validation error")
    assert {tuple(error["loc"]) for error in answer.json["errors"]} == {("title",), ("price",)}


def upload(content: bytes, name: str = "items.csv") -> dict[str, object]:
    """Encoded here, as the test client would leave the temporary file of a large body unclosed."""
    head = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + content + b"\r\n--edge--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=edge"}


ROWS = b"title,price\nTea,12.50\nSalt,\nSugar,3\n"


def test_the_older_upload_waits_until_the_items_are_made(street: Street) -> None:
    assert street.vendor.post("/item/bulk-upload", **upload(ROWS)) == {"message": "2 items uploaded"}

    titles = {item["title"] for item in street.vendor.get("/item/my")["data"]}
    assert titles == {"Basmati rice", "Tea", "Sugar"}


def test_the_newer_upload_is_accepted_and_reports(street: Street) -> None:
    answer = street.vendor.call("POST", "/vendor/item/bulk-upload", **upload(ROWS))

    assert (answer.status_code, answer.json["status"]) == (202, "accepted")
    assert answer.json.keys() == {"status", "task_id"}
    report = street.vendor.get(f"/vendor/item/bulk-upload/{answer.json['task_id']}")
    assert report.keys() == {"state", "created", "failed", "errors"}
    assert (report["failed"], report["errors"][0].keys()) == (1, {"row", "message"})


@pytest.mark.parametrize("path", ["/item/bulk-upload", "/vendor/item/bulk-upload"])
@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, "No file uploaded"),
        (("items.pdf", b"x"), "Unsupported file type"),
        (("items.csv", b"title\nTea\n"), "Missing columns: price"),
        (("items.xlsx", b"x"), "File read error"),
    ],
)
def test_files_that_are_refused(street: Street, path: str, sent: tuple[str, bytes], message: str) -> None:
    request = upload(sent[1], sent[0]) if sent else {}

    status, said = street.vendor.refused("POST", path, **request)

    assert status == 400
    assert said.startswith(message)


def test_a_file_above_5_mb_is_too_large(street: Street) -> None:
    assert street.vendor.refused("POST", "/item/bulk-upload", **upload(b"x" * (5 * 1024 * 1024 + 1)))[0] == 413


def test_a_file_that_cannot_be_finished_at_once_is_kept(
    session: Session, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_task_id: str) -> None:
        raise RuntimeError("no database")

    monkeypatch.setattr("app.services.shop_items.uploading.finish", broken)

    assert street.vendor.post("/item/bulk-upload", **upload(ROWS)) == {"message": "0 items uploaded"}
    assert session.execute(text("SELECT state FROM item_uploads")).scalar_one() == "pending"


def test_files_for_download_go_through_as_they_are(street: Street) -> None:
    answer = street.vendor.call("GET", "/vendor/item/export")

    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert b"Basmati rice" in answer.data

"""Pictures of products: uploaded by managers, made ours, shown to everybody."""

import hashlib
import struct
import zlib
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Product, StoredImage
from tests.factories import make_product
from tests.managing import Manager, audited
from tests.pictures import opened, picture

ORIENTATION, GPS = 0x0112, 0x8825
TURNED_LEFT = 6


def sent(file: bytes, *, name: str = "photo.jpg", field: str = "file") -> dict[str, Any]:
    """A multipart body in memory; the test client's own would lie in a file that it leaves open."""
    head = f'--limit\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    return {"data": head.encode() + file + b"\r\n--limit--\r\n", "content_type": "multipart/form-data; boundary=limit"}


def upload(manager: Manager, product: Product, file: bytes, *, query: str = "", **parts: Any) -> dict[str, Any]:
    path = f"/products/{product.id}/images{query}"
    data: dict[str, Any] = manager.done("POST", path, status=201, **sent(file, **parts))
    return data


def refusal(manager: Manager, product: Product, file: bytes, **parts: Any) -> tuple[int, str]:
    return manager.refused("POST", f"/products/{product.id}/images", **sent(file, **parts))


def stored(session: Session) -> int:
    return session.execute(select(func.count()).select_from(StoredImage)).scalar_one()


def shades(image: Image.Image) -> tuple[int, int]:
    """How light the left and the right edge of a picture are."""
    grey = image.convert("L")
    middle = grey.height // 2
    return grey.getpixel((1, middle)), grey.getpixel((grey.width - 2, middle))


@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("JPEG", {}),
        ("JPEG", {"mode": "CMYK"}),
        ("JPEG", {"mode": "L", "progressive": True}),
        ("PNG", {}),
        ("PNG", {"mode": "RGBA"}),
        ("PNG", {"mode": "P"}),
        ("PNG", {"mode": "1"}),
        ("PNG", {"mode": "LA"}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {"mode": "P"}),
    ],
)
def test_each_kind_of_picture_becomes_webp_that_everybody_sees(
    manager: Manager, client: FlaskClient, product: Product, format_: str, options: dict[str, Any]
) -> None:
    made = upload(manager, product, picture(format_, **options), name="anything.txt")

    answer = client.get(made["url"])

    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert made["digest"] == hashlib.sha256(answer.data).hexdigest()
    assert made["url"] == f"/media/{made['digest']}.webp"
    image = opened(answer.data)
    assert (image.format, image.size) == ("WEBP", (made["width"], made["height"]))
    assert image.size == (40, 20)


def test_the_pixels_survive(manager: Manager, client: FlaskClient, product: Product) -> None:
    made = upload(manager, product, picture("PNG"))

    left, right = shades(opened(client.get(made["url"]).data))

    assert (left < 20, right > 230) == (True, True)


def test_sixteen_bits_of_grey_are_scaled_to_eight(manager: Manager, client: FlaskClient, product: Product) -> None:
    buffer = BytesIO()
    Image.new("I;16", (20, 20), 30_000).save(buffer, "PNG")

    made = upload(manager, product, buffer.getvalue())

    assert 107 <= shades(opened(client.get(made["url"]).data))[0] <= 127


def test_transparency_is_kept(manager: Manager, client: FlaskClient, product: Product) -> None:
    buffer = BytesIO()
    Image.new("RGBA", (30, 30), (10, 20, 30, 0)).save(buffer, "PNG")

    made = upload(manager, product, buffer.getvalue())

    assert opened(client.get(made["url"]).data).convert("RGBA").getpixel((5, 5))[3] == 0


def test_of_an_animation_the_first_frame_is_kept(manager: Manager, client: FlaskClient, product: Product) -> None:
    buffer = BytesIO()
    frames = [Image.new("L", (16, 16), shade) for shade in (250, 0, 0)]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])

    made = upload(manager, product, buffer.getvalue())

    image = opened(client.get(made["url"]).data)
    assert getattr(image, "n_frames", 1) == 1
    assert shades(image)[0] > 230


def test_a_photo_is_turned_upright_and_says_nothing_of_where_it_was_taken(
    manager: Manager, client: FlaskClient, product: Product
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED_LEFT
    exif[GPS] = {1: "N", 2: (32.0, 48.0, 0.0)}
    exif[0x010E] = "my own kitchen"

    made = upload(manager, product, picture("JPEG", exif=exif, comment=b"my own kitchen"))
    content = client.get(made["url"]).data

    assert (made["width"], made["height"]) == (20, 40)
    image = opened(content)
    assert not image.getexif()
    assert {"exif", "xmp", "icc_profile", "comment"} & set(image.info) == set()
    assert b"kitchen" not in content
    assert b"EXIF" not in content


@pytest.mark.parametrize(
    ("orientation", "light"),
    [(1, "right"), (2, "left"), (3, "left"), (4, "right"), (5, "bottom"), (6, "bottom"), (7, "top"), (8, "top")],
)
def test_each_orientation_a_camera_notes_is_undone(
    manager: Manager, client: FlaskClient, product: Product, orientation: int, light: str
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation

    made = upload(manager, product, picture("JPEG", exif=exif, quality=95))

    assert lighter_edge(opened(client.get(made["url"]).data).convert("L")) == light


def lighter_edge(grey: Image.Image) -> str:
    middle = grey.width // 2, grey.height // 2
    across = grey.getpixel((1, middle[1])) - grey.getpixel((grey.width - 2, middle[1]))
    down = grey.getpixel((middle[0], 1)) - grey.getpixel((middle[0], grey.height - 2))
    if abs(across) > abs(down):
        return "left" if across > 0 else "right"
    return "top" if down > 0 else "bottom"


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_note_of_the_camera_that_cannot_be_read_spoils_no_picture(
    manager: Manager, product: Product, format_: str
) -> None:
    made = upload(manager, product, picture(format_, exif=b"Exif\x00\x00not a note at all"))

    assert (made["width"], made["height"]) == (40, 20)


def test_a_large_picture_is_scaled_down_and_has_a_thumbnail(
    manager: Manager, client: FlaskClient, product: Product
) -> None:
    made = upload(manager, product, picture("JPEG", size=(3000, 2000)))
    thumbnail = opened(client.get(made["thumbnail_url"]).data)

    assert (made["width"], made["height"]) == (1600, 1067)
    assert opened(client.get(made["url"]).data).size == (1600, 1067)
    assert thumbnail.size == (320, 213)


def test_the_thumbnail_of_a_small_picture_is_the_picture(
    manager: Manager, client: FlaskClient, product: Product, session: Session
) -> None:
    made = upload(manager, product, picture(size=(320, 100)))

    assert client.get(made["thumbnail_url"]).data == client.get(made["url"]).data
    assert stored(session) == 1


def test_a_picture_may_be_kept_for_good_and_is_not_sent_twice(
    manager: Manager, client: FlaskClient, product: Product
) -> None:
    made = upload(manager, product, picture())

    answer = client.get(made["url"])
    again = client.get(made["url"], headers={"If-None-Match": answer.headers["ETag"]})

    assert answer.headers["ETag"] == f'"{made["digest"]}"'
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("digest", ["0" * 64, "abc", "0" * 63, "Z" * 64, "%00" * 3, "..%2f..%2fetc"])
def test_an_unknown_picture_is_not_found(client: FlaskClient, digest: str) -> None:
    for path in (f"/media/{digest}.webp", f"/media/thumbnails/{digest}.webp"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (404, "application/json")


@cache
def broken_pngs() -> dict[str, bytes]:
    whole = picture("PNG", size=(300, 300))
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 300, 300, 8, 2, 0, 0, 0))
    bomb += chunk(b"zTXt", b"k\0\0" + zlib.compress(b"0" * 8_000_000)) + chunk(b"IEND", b"")
    return {
        "cut off": half(whole),
        "header only": whole[:33],
        "a bit wrong": whole[:60] + bytes([whole[60] ^ 0xFF]) + whole[61:],
        "no pixels": whole[:33] + chunk(b"IEND", b""),
        "a bomb of text": bomb,
    }


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@cache
def other_files() -> dict[str, bytes]:
    page = b"<!doctype html><script>alert(1)</script>"
    return {
        "nothing": b"",
        "text": b"hello",
        "a page": page,
        "a page that begins like a GIF": b"GIF89a" + page,
        "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "a PDF": b"%PDF-1.7\n%%EOF",
        "zeros": bytes(5000),
        "a BMP": picture("BMP"),
        "a TIFF": picture("TIFF"),
        "an ICO": picture("ICO"),
        "a PPM": picture("PPM"),
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
        **{f"half a {format_}": half(picture(format_, mode="L")) for format_ in ("JPEG", "GIF", "WEBP")},
    }


def half(file: bytes) -> bytes:
    return file[: len(file) // 2]


@pytest.mark.parametrize("name", [*other_files(), *broken_pngs()])
def test_whatever_is_not_a_whole_picture_is_refused(
    manager: Manager, product: Product, session: Session, name: str
) -> None:
    file = (other_files() | broken_pngs())[name]

    assert refusal(manager, product, file, name="photo.png") == (400, "UNSUPPORTED_IMAGE")
    assert stored(session) == 0


def test_bytes_changed_at_random_never_break_the_server(manager: Manager, product: Product) -> None:
    answers = set()
    for format_ in ("JPEG", "PNG", "WEBP", "GIF"):
        whole = picture(format_, size=(64, 64), mode="L" if format_ == "GIF" else "RGB")
        for place in range(0, len(whole), max(1, len(whole) // 25)):
            changed = whole[:place] + bytes([whole[place] ^ 0x5A]) + whole[place + 1 :]
            path = f"/products/{product.id}/images"
            answers.add(manager.call("POST", path, **sent(changed)).status_code)

    assert answers <= {201, 400, 409}
    assert 400 in answers


def test_what_hides_behind_the_pixels_is_gone(manager: Manager, client: FlaskClient, product: Product) -> None:
    made = upload(manager, product, picture("JPEG") + b"<script>alert(1)</script>PK\x03\x04")

    assert b"script" not in client.get(made["url"]).data


@pytest.mark.parametrize("size", [(40_000, 1_001), (16_000, 2_501), (65_000, 65_000)])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    manager: Manager, product: Product, size: tuple[int, int]
) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 1, 0, 0, 0, 0))
    file = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")

    assert refusal(manager, product, file) == (400, "IMAGE_TOO_LARGE")


def test_a_webp_may_have_fewer_pixels_as_its_decoder_takes_more_memory(manager: Manager, product: Product) -> None:
    file = picture("WEBP", size=(4_000, 4_001), method=0, quality=1)

    assert refusal(manager, product, file) == (400, "IMAGE_TOO_LARGE")


def test_a_file_over_five_megabytes_is_refused(manager: Manager, product: Product) -> None:
    assert refusal(manager, product, picture("PNG") + bytes(5 * 1024 * 1024)) == (413, "HTTP_413")


def test_a_request_without_the_file_is_refused(manager: Manager, product: Product) -> None:
    assert refusal(manager, product, picture(), field="image") == (400, "NO_FILE")
    assert manager.refused("POST", f"/products/{product.id}/images", json={}) == (400, "NO_FILE")


def test_pictures_stand_in_the_order_of_upload_unless_put_first(
    manager: Manager, client: FlaskClient, product: Product, session: Session
) -> None:
    one = upload(manager, product, picture(size=(10, 10)))
    two = upload(manager, product, picture(size=(20, 10)))
    three = upload(manager, product, picture(size=(30, 10)), query="?first=true")

    shown = client.get(f"/api/v1/catalog/products/{product.id}").json["data"]

    assert shown["image_urls"] == three["image_urls"] == [three["url"], one["url"], two["url"]]
    assert shown["image_url"] == three["url"]
    assert audited(session, "product")[1] == (
        "UPDATE",
        {"image_urls": [one["url"]]},
        {"image_urls": [one["url"], two["url"]]},
    )


def test_the_same_picture_twice_is_one_picture(manager: Manager, product: Product, session: Session) -> None:
    first = upload(manager, product, picture())
    again = upload(manager, product, picture())

    assert again["image_urls"] == [first["url"]]
    assert stored(session) == 1


def test_a_product_has_at_most_ten_pictures(manager: Manager, session: Session) -> None:
    product = make_product(session, image_urls=[f"https://pictures.example/{n}.jpg" for n in range(10)])

    assert refusal(manager, product, picture()) == (409, "TOO_MANY_IMAGES")
    assert stored(session) == 0


def test_a_picture_is_taken_off_its_product_but_stays_for_those_who_show_it(
    manager: Manager, client: FlaskClient, product: Product, session: Session
) -> None:
    one, two = upload(manager, product, picture(size=(10, 10))), upload(manager, product, picture(size=(20, 10)))

    left = manager.done("DELETE", f"/products/{product.id}/images/{one['digest']}")
    again = manager.done("DELETE", f"/products/{product.id}/images/{one['digest']}")

    assert left == again == {"product_id": product.id, "image_urls": [two["url"]]}
    assert client.get(one["url"]).status_code == 200
    assert len(audited(session, "product")) == 3


def test_pictures_are_put_into_order_by_address_or_digest(manager: Manager, product: Product, session: Session) -> None:
    outside = "https://pictures.example/1.jpg"
    product.image_urls = [outside]
    session.commit()
    one, two = upload(manager, product, picture(size=(10, 10))), upload(manager, product, picture(size=(20, 10)))
    path = f"/products/{product.id}/images"

    ordered = manager.done("PUT", path, json={"images": [two["digest"], outside, one["url"]]})
    fewer = manager.done("PUT", path, json={"images": [one["digest"]]})

    assert ordered["image_urls"] == [two["url"], outside, one["url"]]
    assert fewer["image_urls"] == [one["url"]]


def test_only_pictures_of_the_product_can_be_ordered_each_once(manager: Manager, product: Product) -> None:
    made = upload(manager, product, picture())
    path = f"/products/{product.id}/images"

    for names in ([made["url"], made["digest"]], ["/media/x.webp"], ["https://evil.example/1.jpg"]):
        assert manager.refused("PUT", path, json={"images": names}) == (400, "UNKNOWN_IMAGE")


def test_a_picture_needs_a_product(manager: Manager) -> None:
    assert manager.refused("POST", "/products/999999/images", **sent(picture())) == (404, "NOT_FOUND")


def test_with_a_public_base_url_addresses_are_whole_and_those_of_before_still_count(
    app: Flask, manager: Manager, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = upload(manager, product, picture())
    current = app.extensions["settings"].model_copy(update={"public_base_url": "https://shop.example"})
    monkeypatch.setitem(app.extensions, "settings", current)

    again = upload(manager, product, picture())
    other = upload(manager, product, picture(size=(20, 20)))

    assert again["image_urls"] == before["image_urls"]
    assert other["url"] == f"https://shop.example/media/{other['digest']}.webp"
    assert other["thumbnail_url"].startswith("https://shop.example/media/thumbnails/")
    assert other["image_urls"] == [before["url"], other["url"]]
    left = manager.done("DELETE", f"/products/{product.id}/images/{before['digest']}")
    assert left["image_urls"] == [other["url"]]

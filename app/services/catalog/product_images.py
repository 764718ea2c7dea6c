"""The pictures of a product, in the order shoppers see them; lists show the first."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.domain.caller import Caller
from app.errors import BadRequest, Conflict
from app.models import Product
from app.schemas.managed_catalog import MOST_IMAGES, ImageOrder, ProductImages, UploadedImage
from app.services import changes
from app.services.catalog import managed_products
from app.services.catalog.editing_products import locked
from app.services.images import keeping, remaking
from app.transaction import transaction


class TooManyImages(Conflict):
    code = "TOO_MANY_IMAGES"
    message = f"The product has {MOST_IMAGES} pictures. Take one off first."


class ImageUnknown(BadRequest):
    code = "UNKNOWN_IMAGE"
    message = "The product has no such picture, or one is named twice. Name those of its image_urls, each once."


def add(file: bytes, caller: Caller, *, product_id: int, first: bool) -> UploadedImage:
    """Put the picture in an uploaded file behind the others of a product, or before them.

    A picture the product has already stays one picture. Raises NotFound, PictureRefused, PictureTooLarge,
    TooManyImages.
    """
    managed_products.show(product_id)  # nobody waits for the decoding of a picture that has no product
    made = remaking.remake(file)
    url = keeping.address(made.shown.digest)
    with transaction() as session:
        product = locked(session, product_id)
        others = [kept for kept in product.image_urls if not keeping.is_address_of(kept, made.shown.digest)]
        if len(others) >= MOST_IMAGES:
            raise TooManyImages
        digest = keeping.keep(session, made)
        if first or len(others) == len(product.image_urls):
            _set(session, product, [url, *others] if first else [*others, url], caller)
        return UploadedImage(
            digest=digest,
            url=url,
            thumbnail_url=keeping.thumbnail_address(digest),
            width=made.shown.width,
            height=made.shown.height,
            image_urls=product.image_urls,
        )


def arrange(form: ImageOrder, caller: Caller, *, product_id: int) -> ProductImages:
    """Put the pictures of a product into the named order; those not named are taken off.

    Raises NotFound, ImageUnknown.
    """
    with transaction() as session:
        product = locked(session, product_id)
        wanted = [_as_address(name, product.image_urls) for name in form.images]
        if len(set(wanted)) < len(wanted) or not set(wanted) <= set(product.image_urls):
            raise ImageUnknown
        return _set(session, product, wanted, caller)


def remove(caller: Caller, *, product_id: int, digest: str) -> ProductImages:
    """Take an uploaded picture off a product; one it has not is off already. Raises NotFound."""
    with transaction() as session:
        product = locked(session, product_id)
        return _set(
            session, product, [url for url in product.image_urls if not keeping.is_address_of(url, digest)], caller
        )


def _as_address(name: str, known: Sequence[str]) -> str:
    """Pictures may be named by digest or by address; a digest the product does not have stays what it is."""
    return next((url for url in known if keeping.is_address_of(url, name)), name)


def _set(session: Session, product: Product, urls: Sequence[str], caller: Caller) -> ProductImages:
    change = changes.apply(product, {"image_urls": list(urls)})
    changes.record(session, change, entity_type="product", entity_id=product.id, by=caller)
    return ProductImages(product_id=product.id, image_urls=product.image_urls)

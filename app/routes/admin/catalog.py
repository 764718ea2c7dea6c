"""Categories, products and their pictures."""

from flask import Blueprint, Response

from app.middleware.answers import answer, listed
from app.middleware.guards import current_caller
from app.openapi import Upload, endpoint
from app.schemas.catalog import Category
from app.schemas.envelope import Message
from app.schemas.managed_branches import ActiveQuery
from app.schemas.managed_catalog import (
    CategoryChange,
    CategoryPage,
    ImageOrder,
    LenientActiveQuery,
    ManagedCategoryQuery,
    ManagedProduct,
    ManagedProductList,
    ManagedProductQuery,
    NewCategory,
    NewProduct,
    PlaceQuery,
    ProductChange,
    ProductImages,
    UploadedImage,
)
from app.schemas.sales import Sale, SaleForm
from app.services.catalog import editing_products, managed_categories, managed_products, product_images, sales
from app.services.images.remaking import PictureRefused, PictureTooLarge

catalog = Blueprint("managed_catalog", __name__)

PICTURE = Upload(field="file", description="A JPEG, PNG, WebP or GIF file.", max_bytes=5 * 1024 * 1024)


@catalog.get("/categories")
@endpoint(query=ManagedCategoryQuery, answers={200: CategoryPage})
def list_categories(query: ManagedCategoryQuery) -> Response:
    """List all categories, inactive ones too."""
    return listed(*managed_categories.list_categories(query))


@catalog.post("/categories")
@endpoint(
    body=NewCategory,
    answers={201: Category},
    errors=(managed_categories.ParentUnknown, managed_categories.CategoryExists),
)
def create_category(body: NewCategory) -> Response:
    """Add a category."""
    return answer(managed_categories.create(body, current_caller()), status=201)


@catalog.patch("/categories/<int:category_id>")
@endpoint(
    body=CategoryChange,
    answers={200: Category},
    errors=(
        managed_categories.ParentUnknown,
        managed_categories.CategoryExists,
        managed_categories.CategoryCircle,
    ),
)
def change_category(category_id: int, body: CategoryChange) -> Response:
    """Change a category; what is left out stays."""
    return answer(managed_categories.change(body, current_caller(), category_id=category_id))


@catalog.patch("/categories/<int:category_id>/toggle")
@endpoint(query=ActiveQuery, answers={200: Category})
def toggle_category(category_id: int, query: ActiveQuery) -> Response:
    """Show a category, or hide it with everything below it."""
    return answer(managed_categories.switch(current_caller(), category_id=category_id, active=query.active))


@catalog.get("/products")
@endpoint(query=ManagedProductQuery, answers={200: ManagedProductList})
def list_products(query: ManagedProductQuery) -> Response:
    """List the products of the supermarket's own range, inactive ones too, newest first."""
    return listed(*managed_products.find(query))


@catalog.get("/products/<int:product_id>")
@endpoint(answers={200: ManagedProduct})
def show_product(product_id: int) -> Response:
    """Show a product of the supermarket's own range, active or not."""
    return answer(managed_products.show(product_id))


@catalog.post("/products")
@endpoint(
    body=NewProduct,
    answers={201: ManagedProduct},
    errors=(
        editing_products.CategoryUnknown,
        editing_products.EstimateRequired,
        editing_products.DuplicateSku,
        editing_products.DuplicateGtin,
    ),
)
def create_product(body: NewProduct) -> Response:
    """Add a product to the supermarket's own range, on sale at once.

    It has no stock yet: add it with POST /admin/inventory.
    """
    return answer(editing_products.create(body, current_caller()), status=201)


@catalog.patch("/products/<int:product_id>")
@endpoint(
    body=ProductChange,
    answers={200: ManagedProduct},
    errors=(
        editing_products.CategoryUnknown,
        editing_products.EstimateRequired,
        editing_products.DuplicateSku,
        editing_products.DuplicateGtin,
    ),
)
def change_product(product_id: int, body: ProductChange) -> Response:
    """Change a product; what is left out stays."""
    return answer(editing_products.change(body, current_caller(), product_id=product_id))


@catalog.patch("/products/<int:product_id>/toggle")
@endpoint(query=LenientActiveQuery, answers={200: ManagedProduct}, errors=(editing_products.PriceRequired,))
def toggle_product(product_id: int, query: LenientActiveQuery) -> Response:
    """Put a product on sale, or take it off with `active=false`."""
    return answer(editing_products.switch(current_caller(), product_id=product_id, active=query.active))


@catalog.post("/products/<int:product_id>/images")
@endpoint(
    upload=PICTURE,
    query=PlaceQuery,
    answers={201: UploadedImage},
    errors=(PictureRefused, PictureTooLarge, product_images.TooManyImages),
)
def upload_image(product_id: int, query: PlaceQuery, upload: bytes) -> Response:
    """Add a picture to a product.

    The file is decoded, turned upright and kept as WebP without metadata, at most 1,600 pixels long, with a thumbnail
    of 320. At most 40 megapixels, 16 as WebP; of an animation the first frame.
    """
    made = product_images.add(upload, current_caller(), product_id=product_id, first=query.first)
    return answer(made, status=201)


@catalog.put("/products/<int:product_id>/images")
@endpoint(body=ImageOrder, answers={200: ProductImages}, errors=(product_images.ImageUnknown,))
def order_images(product_id: int, body: ImageOrder) -> Response:
    """Put the pictures of a product into order; those left out are taken off."""
    return answer(product_images.arrange(body, current_caller(), product_id=product_id))


@catalog.delete("/products/<int:product_id>/images/<digest>")
@endpoint(answers={200: ProductImages})
def remove_image(product_id: int, digest: str) -> Response:
    """Take an uploaded picture off a product. Orders that show it keep it."""
    return answer(product_images.remove(current_caller(), product_id=product_id, digest=digest))


@catalog.put("/products/<int:product_id>/sale")
@endpoint(
    body=SaleForm,
    answers={200: Sale},
    errors=(sales.SaleNotBelowPrice, sales.SalePeriodRefused),
)
def put_sale(product_id: int, body: SaleForm) -> Response:
    """Put a product on sale for a time, in place of an earlier sale."""
    return answer(sales.put(body, current_caller(), product_id=product_id))


@catalog.delete("/products/<int:product_id>/sale")
@endpoint(answers={200: Message}, errors=(sales.SaleNotFound,))
def delete_sale(product_id: int) -> Response:
    """Take a product off sale."""
    sales.end(current_caller(), product_id=product_id)
    return answer(Message(message="The product has its ordinary price again."))

"""The catalog: categories, products, search and reviews."""

from flask import Blueprint, Response

from app.middleware.answers import answer, cacheable, listed, written, written_list
from app.middleware.guards import current_caller
from app.openapi import endpoint
from app.schemas.catalog import (
    AutocompleteQuery,
    Category,
    CategoryNode,
    CategoryProductsQuery,
    CategoryQuery,
    FeaturedQuery,
    Product,
    ProductList,
    ProductQuery,
    SearchQuery,
    Suggestions,
)
from app.schemas.envelope import Listed, Message
from app.schemas.reviews import Review, ReviewForm, ReviewQuery, Reviews
from app.services import reviews as review_service
from app.services.catalog import categories, completing, listing, product_page

catalog = Blueprint("catalog", __name__)
reviews = Blueprint("reviews", __name__)


@catalog.get("/categories")
@endpoint(query=CategoryQuery, answers={200: Listed[Category]})
def list_categories(query: CategoryQuery) -> Response:
    """List the active categories."""
    return cacheable(listed(*categories.list_categories(query)))


@catalog.get("/categories/tree")
@endpoint(answers={200: list[CategoryNode]})
def category_tree() -> Response:
    """Show the category tree."""
    return cacheable(answer(categories.tree()))


@catalog.get("/categories/<int:category_id>/products")
@endpoint(query=CategoryProductsQuery, answers={200: ProductList})
def category_products(category_id: int, query: CategoryProductsQuery) -> Response:
    """List the products of a category and of everything below it.

    An unknown category has no products: the answer is an empty list.
    """
    return cacheable(written_list(*listing.of_category(category_id, query)))


@catalog.get("/products/search")
@endpoint(query=SearchQuery, answers={200: ProductList})
def search(query: SearchQuery) -> Response:
    """Search and filter products; without `q`, list them.

    Words match whole or as beginnings, in any order, without regard to case, accents and Hebrew points; a word nobody
    uses is corrected. A valid barcode finds its product, the id of a category its products. By relevance the first
    1,000 matches are ranked; every other order reaches all of them.
    """
    return cacheable(written_list(*listing.find(query)))


@catalog.get("/products/featured")
@endpoint(query=FeaturedQuery, answers={200: list[Product]})
def featured(query: FeaturedQuery) -> Response:
    """List the products updated last."""
    return cacheable(written_list(listing.featured(query)))


@catalog.get("/products/autocomplete")
@endpoint(query=AutocompleteQuery, answers={200: Suggestions})
def autocomplete(query: AutocompleteQuery) -> Response:
    """Complete what is being typed."""
    return cacheable(answer(completing.complete(query)))


@catalog.get("/products/by-gtin/<gtin>")
@endpoint(query=ProductQuery, answers={200: Product}, errors=(product_page.GtinRefused,))
def product_by_gtin(gtin: str, query: ProductQuery) -> Response:
    """Show the product with a barcode (GTIN-8, -12, -13 or -14)."""
    return cacheable(written(product_page.by_gtin(gtin, branch_id=query.branch_id)))


@catalog.get("/products/<int:product_id>")
@endpoint(query=ProductQuery, answers={200: Product})
def product(product_id: int, query: ProductQuery) -> Response:
    """Show a product."""
    return cacheable(written(product_page.by_id(product_id, branch_id=query.branch_id)))


@catalog.get("/products/<int:product_id>/reviews")
@endpoint(query=ReviewQuery, answers={200: Reviews})
def list_reviews(product_id: int, query: ReviewQuery) -> Response:
    """List the reviews of a product, newest first."""
    return cacheable(answer(review_service.list_reviews(product_id, query)))


@reviews.post("/products/<int:product_id>/reviews")
@endpoint(body=ReviewForm, answers={201: Review}, errors=(review_service.NotABuyer, review_service.ReviewExists))
def write_review(product_id: int, body: ReviewForm) -> Response:
    """Review a product bought before; once."""
    return answer(review_service.write(current_caller(), product_id=product_id, form=body), status=201)


@reviews.put("/products/<int:product_id>/reviews")
@endpoint(body=ReviewForm, answers={200: Review})
def change_review(product_id: int, body: ReviewForm) -> Response:
    """Replace one's own review of a product."""
    return answer(review_service.change(current_caller(), product_id=product_id, form=body))


@reviews.delete("/products/<int:product_id>/reviews")
@endpoint(answers={200: Message})
def delete_review(product_id: int) -> Response:
    """Take back one's own review of a product."""
    review_service.delete_own(current_caller(), product_id=product_id)
    return answer(Message(message="The review is deleted."))

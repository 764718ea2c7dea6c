"""What is sold: categories, products, barcodes, the search vocabulary and reviews."""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.domain.enums import SoldBy
from app.models.base import Base, Created, Id, Instant, Money, Percent, Timestamped
from app.models.enums import stored


class Category(Timestamped, Base):
    """A node of the category tree; a root has no parent."""

    __tablename__ = "categories"
    __table_args__ = (
        UniqueConstraint("parent_id", "name", postgresql_nulls_not_distinct=True),
        CheckConstraint("parent_id <> id", name="not_own_parent"),
    )

    id: Mapped[Id]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(128))
    icon_slug: Mapped[str | None] = mapped_column(String(64))
    description: Mapped[str | None] = mapped_column(String(300))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))


_SHOWN = text("is_active AND shop_id IS NULL")
"""What the supermarket's catalog may list; each sort order walks an index of these rows only."""


class Product(Timestamped, Base):
    """What is sold. `shop_id` null: the supermarket's own range; else an item of a vendor, with a row in `shop_items`.

    For SoldBy.WEIGHT `price` is per kilogram and `estimated_weight_grams` the expected weight of one piece; stock and
    cart quantities count pieces. `search_name` and `search_text` are normalised by `domain.search_text` when written.

    From `sale_starts_at` until before `sale_ends_at` it costs `sale_price`, if that is lower: readers decide that by
    the clock (`services.catalog.prices`). `current_price` is the same answer kept by a trigger and the sweeper, a few
    seconds late at most, and serves only to sort and filter by index.
    """

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("shop_id", "sku", postgresql_nulls_not_distinct=True),
        UniqueConstraint("id", "shop_id"),
        CheckConstraint("shop_id IS NOT NULL OR category_id IS NOT NULL", name="own_range_has_category"),
        CheckConstraint("price >= 0", name="price_not_negative"),
        CheckConstraint("compare_at_price >= 0", name="compare_at_price_not_negative"),
        CheckConstraint("deposit >= 0", name="deposit_not_negative"),
        CheckConstraint("tax_rate >= 0 AND tax_rate < 100", name="tax_rate_percent"),
        CheckConstraint("weight_grams > 0", name="weight_positive"),
        CheckConstraint("estimated_weight_grams > 0", name="estimated_weight_positive"),
        CheckConstraint("weight_tolerance_grams > 0", name="weight_tolerance_positive"),
        CheckConstraint("sold_by <> 'WEIGHT' OR estimated_weight_grams IS NOT NULL", name="by_weight_has_estimate"),
        CheckConstraint("age_limit BETWEEN 1 AND 99", name="age_limit_in_years"),
        CheckConstraint("NOT is_active OR price > 0", name="active_has_price"),
        CheckConstraint("sale_price > 0", name="sale_price_positive"),
        CheckConstraint("sale_starts_at < sale_ends_at", name="sale_starts_before_end"),
        CheckConstraint("num_nulls(sale_price, sale_starts_at, sale_ends_at) IN (0, 3)", name="sale_all_or_nothing"),
        Index("ix_products_search", "search_vector", postgresql_using="gin"),
        Index("ix_products_category_id_id", "category_id", text("id DESC")),
        Index("ix_products_shown_id", "id", postgresql_include=["category_id"], postgresql_where=_SHOWN),
        Index("ix_products_search_name_id", "search_name", "id", postgresql_where=_SHOWN),
        Index("ix_products_current_price_id", "current_price", "id", postgresql_where=_SHOWN),
        Index("ix_products_sale_ends_at", "sale_ends_at", postgresql_where=text("sale_price IS NOT NULL")),
        Index("ix_products_updated_at_id", "updated_at", "id", postgresql_where=_SHOWN),
        Index("ix_products_shop_id_id", "shop_id", "id", postgresql_where=text("shop_id IS NOT NULL")),
    )

    id: Mapped[Id]
    shop_id: Mapped[int | None] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(200))
    sku: Mapped[str] = mapped_column(String(64))
    brand: Mapped[str | None] = mapped_column(String(120))
    description: Mapped[str | None] = mapped_column(Text)
    price: Mapped[Money]
    compare_at_price: Mapped[Money | None]
    sale_price: Mapped[Money | None]
    sale_starts_at: Mapped[Instant | None]
    sale_ends_at: Mapped[Instant | None]
    current_price: Mapped[Money] = mapped_column(server_default=text("0"))
    deposit: Mapped[Money] = mapped_column(server_default=text("0"))
    tax_rate: Mapped[Percent] = mapped_column(server_default=text("0"))
    sold_by: Mapped[SoldBy] = mapped_column(stored(SoldBy, "sold_by"), server_default=SoldBy.PIECE.value)
    unit: Mapped[str] = mapped_column(String(32), server_default="each")
    weight_grams: Mapped[int | None]
    estimated_weight_grams: Mapped[int | None]
    weight_tolerance_grams: Mapped[int | None]
    is_frozen: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    is_organic: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    age_limit: Mapped[int | None] = mapped_column(SmallInteger)
    ingredients: Mapped[str | None] = mapped_column(Text)
    allergens: Mapped[list[str]] = mapped_column(ARRAY(String(32)), server_default=text("'{}'"))
    nutrition: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    image_urls: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    bin_location: Mapped[str | None] = mapped_column(String(32))
    is_active: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    search_name: Mapped[str] = mapped_column(Text, server_default="")
    search_text: Mapped[str] = mapped_column(Text, server_default="")
    search_vector: Mapped[Any] = mapped_column(
        TSVECTOR,
        Computed(
            "setweight(to_tsvector('simple'::regconfig, search_name), 'A')"
            " || setweight(to_tsvector('simple'::regconfig, search_text), 'C')",
            persisted=True,
        ),
    )


class ProductGtin(Base):
    """A barcode of a product, zero-padded to 14 digits with a valid check digit; unique within one seller's range."""

    __tablename__ = "product_gtins"
    __table_args__ = (
        UniqueConstraint("shop_id", "gtin", postgresql_nulls_not_distinct=True),
        CheckConstraint("gtin ~ '^[0-9]{14}$'", name="gtin_digits"),
    )

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    gtin: Mapped[str] = mapped_column(String(14), primary_key=True)
    shop_id: Mapped[int | None] = mapped_column(ForeignKey("stock_locations.id", ondelete="RESTRICT"))


class SearchWord(Base):
    """A word that occurs in product names, with the number of products it occurs in; feeds autocomplete and typos."""

    __tablename__ = "search_words"
    __table_args__ = (
        Index("ix_search_words_prefix", "word", postgresql_ops={"word": "text_pattern_ops"}),
        CheckConstraint("documents > 0", name="documents_positive"),
    )

    word: Mapped[str] = mapped_column(String(64), primary_key=True)
    documents: Mapped[int]


class SearchDeletion(Base):
    """A vocabulary word with one character left out, to find the word behind a typo (W. Garbe, SymSpell 2012)."""

    __tablename__ = "search_deletions"

    deletion: Mapped[str] = mapped_column(String(64), primary_key=True)
    word: Mapped[str] = mapped_column(ForeignKey("search_words.word", ondelete="CASCADE"), primary_key=True, index=True)


class Review(Base):
    """What a buyer says of a product; one for each buyer and product."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("product_id", "user_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_stars"),
        Index("ix_reviews_product_id_id", "product_id", text("id DESC")),
    )

    id: Mapped[Id]
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    rating: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str | None] = mapped_column(String(120))
    body: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[Created]


class StoredImage(Base):
    """An uploaded picture as we re-encoded it, named by the SHA-256 of its bytes; never changed.

    `thumbnail_digest` names a small copy of it; the copy itself, and a picture that is small already, has none.
    """

    __tablename__ = "stored_images"
    __table_args__ = (
        CheckConstraint("width > 0 AND height > 0", name="has_size"),
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="digest_hex"),
    )

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    media_type: Mapped[str] = mapped_column(String(32))
    width: Mapped[int]
    height: Mapped[int]
    thumbnail_digest: Mapped[str | None] = mapped_column(ForeignKey("stored_images.digest", ondelete="RESTRICT"))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Created]

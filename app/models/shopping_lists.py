"""What a shopper plans: checklist, recipes, diet and allergies."""

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Id, Timestamped


class ChecklistItem(Base):
    """A product a user means to buy."""

    __tablename__ = "checklist_items"
    __table_args__ = (CheckConstraint("quantity BETWEEN 1 AND 10000", name="quantity_range"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True, index=True)
    quantity: Mapped[int]
    created_at: Mapped[Created]


class Recipe(Timestamped, Base):
    __tablename__ = "recipes"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120), unique=True)
    description: Mapped[str | None] = mapped_column(Text)


class RecipeProduct(Base):
    """An ingredient of a recipe that is sold here."""

    __tablename__ = "recipe_products"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    recipe_id: Mapped[int] = mapped_column(ForeignKey("recipes.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True, index=True)
    quantity: Mapped[int] = mapped_column(server_default=text("1"))


class FoodType(Base):
    """A way to eat, such as vegetarian or kosher."""

    __tablename__ = "food_types"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(60), unique=True)


class ProductFoodType(Base):
    """That a product fits a way to eat."""

    __tablename__ = "product_food_types"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    food_type_id: Mapped[int] = mapped_column(
        ForeignKey("food_types.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ShopperDiet(Timestamped, Base):
    """How a user eats and what they must not; words of `allergies` are those of `products.allergens`."""

    __tablename__ = "shopper_diets"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    food_type_id: Mapped[int | None] = mapped_column(ForeignKey("food_types.id", ondelete="SET NULL"))
    allergies: Mapped[list[str]] = mapped_column(ARRAY(String(32)), server_default=text("'{}'"))

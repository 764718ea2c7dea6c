"""What buyers think of a shop, as it is shown."""

from sqlalchemy import Numeric, cast, func

from app.models import Shop

RATING = func.round(cast(Shop.rating_sum, Numeric) / func.nullif(Shop.rating_count, 0), 1).label("rating")
"""The mean of all ratings to one decimal; null where there is none."""

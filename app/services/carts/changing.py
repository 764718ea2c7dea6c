"""What shoppers do to their carts. Every change locks the cart first, so parallel changes follow one another.

Adding one product stands in `adding`.
"""

from app.domain.carts import put
from app.schemas.carts import CartAnswer, SetItemRequest, SetItemsRequest
from app.services.carts import offers, writing
from app.services.carts.reading import empty_cart, locked_cart
from app.services.carts.shoppers import Shopper, lock_cart
from app.transaction import transaction


def set_item(who: Shopper, item_id: int, form: SetItemRequest) -> CartAnswer:
    """Make one line hold exactly so many pieces, at the price it has.

    Raises CartNotFound, NoSuchLine, or a refusal as in `adding.add_item`.
    """
    with transaction() as session:
        cart_id = lock_cart(session, who)
        offer = offers.read_item(session, cart_id=cart_id, item_id=item_id)
        offers.check({offer.product_id: form.quantity}, offers.Offers({offer.product_id: offer}, 0))
        change = put(offer, form.quantity)
        writing.write(session, who, cart_id, [change] if change else [], room=0)
        return locked_cart(session, cart_id)


def set_items(who: Shopper, form: SetItemsRequest) -> CartAnswer:
    """Make many products' lines hold exactly so many pieces; 0 removes a line. All or nothing.

    Raises CartNotFound, CartFull, or the refusal of the first faulty line with every faulty line in its details.
    """
    wanted = {item.product_id: item.quantity for item in form.items}
    with transaction() as session:
        cart_id = lock_cart(session, who)
        found = offers.read(session, cart_id=cart_id, product_ids=sorted(wanted))
        offers.check({product_id: quantity for product_id, quantity in wanted.items() if quantity}, found)
        changes = [put(offer, wanted[product_id]) for product_id, offer in found.by_product.items()]
        done = [change for change in changes if change]
        writing.write(session, who, cart_id, done, room=found.room)
        return locked_cart(session, cart_id)


def remove_item(who: Shopper, item_id: int) -> CartAnswer:
    """Take one line out. Raises CartNotFound, or NoSuchLine."""
    with transaction() as session:
        cart_id = lock_cart(session, who)
        if not writing.remove(session, who, cart_id, item_id):
            raise offers.NoSuchLine
        return locked_cart(session, cart_id)


def clear(who: Shopper) -> CartAnswer:
    """Take every line out; fine for a cart that is empty already. Raises CartNotFound."""
    with transaction() as session:
        cart_id = lock_cart(session, who)
        writing.clear(session, who, cart_id)
    return empty_cart(cart_id, user_id=who.user_id)

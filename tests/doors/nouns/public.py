"""What everybody may see, for as long as it is shown."""

from app.domain.enums import Role
from app.models import Product, StoredImage
from tests import factories
from tests.doors.nouns.shoppers import delete
from tests.doors.world import Rows, World, noun, of_all
from tests.floors import PLAN
from tests.scanning import with_barcode

PICTURE, GONE_PICTURE, NO_PICTURE = "1" * 64, "2" * 64, "3" * 64


@noun("open branch")
def _open_branches(world: World) -> Rows:
    closed = factories.make_location(world.session, is_active=False)
    return of_all(world.home.id, **{"closed": closed.id, "a vendor's shop": world.shop.id})


@noun("mapped branch")
def _mapped(world: World) -> Rows:
    """A branch with a published plan, on which the goods stand."""
    manager, path = world.people[Role.MANAGER], f"/admin/branches/{world.home.id}"
    world.call(manager, "PUT", f"{path}/layout", PLAN)
    places = [{"product_id": product.id, "x": 1 + n, "y": 1} for n, product in enumerate(world.goods[:2])]
    world.call(manager, "PUT", f"{path}/product-locations", places)
    world.call(manager, "POST", f"{path}/layout/publish")
    return world.rows["open branch"]


def _off_sale(world: World) -> Product:
    return factories.make_product(world.session, stock={world.home: 5}, is_active=False)


@noun("product")
def _products(world: World) -> Rows:
    strange = {"off sale": _off_sale(world).id, "a vendor's item": world.items[0].id}
    return of_all(world.goods[0].id, **strange)


@noun("open category")
def _categories(world: World) -> Rows:
    shut = factories.make_category(world.session, is_active=False)
    return of_all(world.goods[0].category_id, **{"switched off": shut.id})


@noun("bar code")
def _gtins(world: World) -> Rows:
    mine, hidden = (with_barcode(world.session, product) for product in (world.goods[0], _off_sale(world)))
    return of_all(mine, missing="4006381333931", **{"of goods off sale": hidden})


@noun("bar code for devices")
def _scanned(world: World) -> Rows:
    return world.rows["bar code"]


@noun("picture")
def _pictures(world: World) -> Rows:
    for digest in (PICTURE, GONE_PICTURE):
        world.add(StoredImage(digest=digest, media_type="image/webp", width=1, height=1, content=b"RIFF"))
    delete(world, StoredImage, GONE_PICTURE)  # type: ignore[arg-type]
    return of_all(PICTURE, missing=NO_PICTURE, deleted=GONE_PICTURE)


@noun("picture of a product")
def _product_pictures(world: World) -> Rows:
    """The first product has one; another has another."""
    settings = world.app.extensions["settings"]
    for product, digest in ((world.goods[0], PICTURE), (world.goods[1], "4" * 64)):
        product.image_urls = [f"{settings.public_base_url}/media/{digest}.webp"]
    world.session.commit()
    return of_all(PICTURE, missing=NO_PICTURE, **{"another product's": "4" * 64})


@noun("firmware version")
def _versions(world: World) -> Rows:
    return of_all("1.5.0", missing="9.9.9")


@noun("shopper's recipe")
def _recipes(world: World) -> Rows:
    return world.rows["recipe"]


@noun("payment provider")
def _providers(world: World) -> Rows:
    return of_all("mockpay", missing="nobody")


@noun("product on the shelf")
def _on_the_shelf(world: World) -> Rows:
    """What a branch sells, in the trolley or not."""
    return of_all(world.goods[0].id, **{"a vendor's item": world.items[0].id})

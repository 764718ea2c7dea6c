"""The size of pages over HTTP."""

from tests import databases
from tests.conftest import dispose, make_app


def test_the_size_of_pages_follows_the_settings(template: str) -> None:
    with databases.cloned(template) as url:
        application = make_app(url, default_limit=3, max_limit=5)
        client = application.test_client()

        default = client.get("/api/v1/catalog/products/search").json["meta"]["limit"]
        lenient = client.get("/api/v1/catalog/categories?limit=99").json["meta"]["limit"]
        refused = client.get("/api/v1/catalog/products/search?limit=6").status_code

        dispose(application)
    assert (default, lenient, refused) == (3, 5, 400)

"""A file of items whose sender waits until the items are made, where our API answers at once."""

import logging
from typing import TYPE_CHECKING, Any

import orjson
from flask import Flask

from app.compat import wsgi
from app.services.shop_items import uploading

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

log = logging.getLogger("aisle.compat")


def finished(app: Flask, inner: "WSGIApplication", environ: "WSGIEnvironment", task_id: str) -> dict[str, Any]:
    """Do what is left of an accepted file now, and say in our own form how many of its rows became items."""
    try:
        with app.app_context():
            uploading.finish(task_id)
    except Exception:  # whatever it is: the file is kept, and the outbox goes on with it
        log.exception("an uploaded file could not be finished at once", extra={"task_id": task_id})
    report = orjson.loads(wsgi.get(inner, environ, f"{environ['PATH_INFO']}/{task_id}").content())["data"]
    return {"data": {"message": f"{report['created'] + report['updated']} items uploaded"}}

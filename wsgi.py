"""The WSGI entry point: `gunicorn -c gunicorn.conf.py wsgi:app`."""

import gc
import sys

# What is built here stays for good: looking for garbage in it would take a fifth of the start.
gc.disable()

from app import create_app
from app.config import ConfigurationError

try:
    app = create_app()
except ConfigurationError as error:
    sys.exit(f"aisle: {error}")
gc.freeze()
gc.enable()

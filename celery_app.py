"""The entry point of Celery: `celery -A celery_app worker` does the background work, `celery -A celery_app beat` calls
for it; `celery -A celery_app worker -B` does both, on one machine."""

import sys

from app import create_app
from app.config import ConfigurationError
from app.tasks.worker import make_celery

try:
    app = make_celery(create_app())
except ConfigurationError as error:
    sys.exit(f"aisle: {error}")

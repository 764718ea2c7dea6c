"""Can the shop start with these settings? `python -m scripts.check_settings` says in one line what is wrong."""

import os
import sys
from pathlib import Path

from app.config import ConfigurationError, load_settings


def main() -> int:
    """0 when the settings are usable, else 1; needs no database."""
    try:
        settings = load_settings()
    except ConfigurationError as error:
        print(f"aisle: {error}", file=sys.stderr)
        return 1
    if not _is_writable(settings.data_dir) and not settings.in_production:
        print(f"aisle: DATA_DIR is {settings.data_dir}, where this user may not write", file=sys.stderr)
        return 1
    return 0


def _is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself in the nearest one that is there."""
    there = next(each for each in (folder, *folder.parents) if each.exists())
    return os.access(there, os.W_OK | os.X_OK)


if __name__ == "__main__":
    sys.exit(main())

#!/bin/sh
# The entry point of a web process in production, in the image and without one: migrate when asked, then become gunicorn,
# which gets the signals. Either refuses settings that cannot be used, in one line that names them all. Nothing is written
# into the source tree, and any user may run it.
#
#   RUN_MIGRATIONS=1   bring the schema up to date first; several starters take turns (an advisory lock)
#   PYTHON             the interpreter; default: that of .venv beside this folder, else the first python3 on PATH
#
# Options are handed on to gunicorn: scripts/gunicorn.sh --workers 4
set -eu
cd "$(dirname "$0")/.."

python="${PYTHON:-}"
if [ -z "$python" ]; then
    if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=python3; fi
fi
export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1

# A user id that nobody gave a name has no home either; some libraries look for one.
if [ ! -w "${HOME:-/nonexistent}" ]; then export HOME="${TMPDIR:-/tmp}"; fi

case "${RUN_MIGRATIONS:-0}" in
    1 | true) "$python" -m flask --app wsgi migrate ;;
    0 | false | "") ;;
    *) echo "aisle: RUN_MIGRATIONS must be 1 or 0, not $RUN_MIGRATIONS" >&2; exit 1 ;;
esac

exec "$python" -m gunicorn --config gunicorn.conf.py "$@"

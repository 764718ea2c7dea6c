# Shortcuts only: nothing here is needed, `python3 run.py` and `python3 run.py test` do the work.
.DEFAULT_GOAL := help
.PHONY: help serve test demo check format migrate seed

help:  ## List these shortcuts
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | awk -F ': .*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

serve:  ## Serve the shop at http://127.0.0.1:5000
	@python3 run.py

test:  ## Run every check and every test
	@python3 run.py test

demo:  ## Walk a shopper from sign-in to receipt
	@python3 run.py demo

check:  ## Style, types and layers, without the tests
	@.venv/bin/ruff check && .venv/bin/ruff format --check && .venv/bin/mypy && .venv/bin/lint-imports

format:  ## Put every file into the common style
	@.venv/bin/ruff check --fix && .venv/bin/ruff format

migrate:  ## Bring the database schema up to date
	@.venv/bin/flask migrate

seed:  ## Fill the demo shop; safe to repeat
	@.venv/bin/flask seed

"""What `run.py` does, one module a task. `environment` and `ports` run before anything is installed."""

"""Work nobody waits for: relaying the outbox, sweeping unfinished payments and prices, in a loop beside the web.

Any number of processes may run the loop: every row is claimed by a lease before it is worked on.
"""

import threading
import time

from flask import Flask

from app.tasks.chores import chores


def run(app: Flask, stop: threading.Event) -> None:
    """Do each chore when it is due, until `stop` is set."""
    todo = chores()
    while not stop.is_set():
        for chore in todo:
            if chore.due <= time.monotonic() and not stop.is_set():
                chore.run(app)
        stop.wait(max(0.0, min(chore.due for chore in todo) - time.monotonic()))


def start(app: Flask, stop: threading.Event) -> threading.Thread:
    """Run the loop in a thread of its own, which never keeps the process alive."""
    thread = threading.Thread(target=run, args=(app, stop), name="background", daemon=True)
    thread.start()
    return thread

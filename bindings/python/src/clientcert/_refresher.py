"""A thread that keeps a verifier up to date with its files."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Optional

from .errors import ClosedError, Error

if TYPE_CHECKING:
    from .verifier import Verifier

_log = logging.getLogger("clientcert")


class Refresher:
    """Calls `Verifier.refresh` again and again, in every process that asks for it, as long as this lives."""

    def __init__(self, verifier: Verifier, seconds: float) -> None:
        self._verifier = verifier
        self._seconds = seconds
        self._thread: Optional[threading.Thread] = None
        self._said = ""

    def begin(self) -> None:
        """Starts the thread, unless it runs. Cheap; in a fork, the thread of the parent does not run."""
        if self._runs():
            return
        with _beginning:
            if self._runs():
                return
            # It waits by the clock alone: whatever threads wait for with a lock, a fork may find locked for ever.
            thread = threading.Thread(
                target=_run,
                args=(weakref.ref(self), self._seconds),
                name="clientcert-refresh",
                daemon=True,
            )
            try:
                thread.start()
            except RuntimeError:
                # The system has no more threads to give, or the process ends.
                self.refresh()
            else:
                self._thread = thread

    def refresh(self) -> bool:
        """Refreshes, and logs what comes of it; whether another time makes sense."""
        try:
            if self._verifier.refresh():
                _log.info("a new policy is in force")
            self._said = ""
        except ClosedError:
            return False
        except Exception as error:
            # The policy that was in force stays so. Once is enough for the log, until it changes.
            text = str(error) if isinstance(error, Error) else repr(error)
            if text != self._said:
                self._said = text
                _log.warning("the policy was not refreshed: %s", text)
        return True

    def _runs(self) -> bool:
        return self._thread is not None and self._thread.is_alive()


def _run(asked: weakref.ref[Refresher], seconds: float) -> None:
    while True:
        time.sleep(seconds)
        refresher = asked()
        if refresher is None or not refresher.refresh():
            return
        del refresher


def _unlock() -> None:
    global _beginning
    _beginning = threading.RLock()


_beginning = threading.RLock()
# In the parent another thread may have held it.
os.register_at_fork(after_in_child=_unlock)

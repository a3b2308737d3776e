"""A thread that keeps a verifier up to date with its files."""

from __future__ import annotations

import logging
import os
import threading
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
        self._process: Optional[int] = None

    def begin(self) -> None:
        """Starts the thread, unless it runs. Cheap; a fork has no thread of its parent's."""
        if self._process == os.getpid():
            return
        # Two threads that come here at once begin two, which do no harm.
        self._process = os.getpid()
        end = threading.Event()
        weakref.finalize(self, end.set)
        arguments = (self._verifier, self._seconds, end)
        threading.Thread(
            target=_run, args=arguments, name="clientcert-refresh", daemon=True
        ).start()


def _run(verifier: Verifier, seconds: float, end: threading.Event) -> None:
    said = ""
    while not end.wait(seconds):
        try:
            if verifier.refresh():
                _log.info("a new policy is in force")
            said = ""
        except ClosedError:
            return
        except Error as error:
            # The policy that was in force stays so. Once is enough for the log, until it changes.
            if str(error) != said:
                said = str(error)
                _log.warning("the policy was not refreshed: %s", said)

"""Objects that own a handle of C, and the few conversions that all of them need."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from types import TracebackType
from typing import Any, Optional, TypeVar, Union

from ._raw import NOW, NULL, ffi, lib
from .errors import ClosedError, InternalError, Status, error_of

Moment = Union[datetime, int]
"""A point in time: an aware `datetime`, or whole seconds since 1970-01-01T00:00:00Z."""

_Self = TypeVar("_Self", bound="Handle")

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Handle:
    """Owns one handle: it is freed when nobody uses it any more, or earlier by `close`.

    Closing while another thread is inside of a call is safe: the handle is freed when that call returns.
    """

    __slots__ = ("__weakref__", "_c")

    _c: Any

    def close(self) -> None:
        """Lets go of what the object holds. Whatever uses it afterwards raises `ClosedError`. May be called twice."""
        try:
            del self._c
        except AttributeError:
            pass

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        # The slot of the handle is empty only after `close`: what is used in vain costs nothing until then.
        if name == "_c":
            raise ClosedError(f"this {type(self).__name__} is closed")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def owned(pointer: Any, free: Any) -> Any:
    """A pointer that is freed with the last reference to it."""
    if not pointer:
        raise InternalError(Status.INTERNAL, "internal", "the library failed inside")
    return ffi.gc(pointer, free)


def check(call: Callable[..., int], *arguments: Any) -> None:
    """Makes a call that ends with an error's place, and raises what comes of it."""
    place = ffi.new("clientcert_error **")
    status = call(*arguments, place)
    if status != lib.CLIENTCERT_OK:
        raise _taken(status, place[0])


def moment(time: Optional[Moment]) -> int:
    """Seconds for C; None is now."""
    if time is None:
        return NOW
    if isinstance(time, datetime):
        if time.tzinfo is None:
            raise ValueError("a datetime without a time zone says no moment")
        return (time - _EPOCH) // timedelta(seconds=1)
    return int(time)


def instant(seconds: int) -> datetime:
    """The datetime of seconds that C gave."""
    return _EPOCH + timedelta(seconds=seconds)


def encoded(text: str) -> bytes:
    """Text for C. What came from a client as no UTF-8 is given on as it came, for C to refuse."""
    return text.encode("utf-8", "surrogateescape")


def terminated(text: str, what: str) -> bytes:
    """Text for a parameter that ends with NUL."""
    data = encoded(text)
    if b"\0" in data:
        raise ValueError(f"{what} holds a NUL")
    return data


def optional_text(text: Optional[str], what: str) -> Any:
    """The same, and NULL for None."""
    return NULL if text is None else terminated(text, what)


def client_text(text: Optional[str]) -> Any:
    """Text that a client wrote, for a parameter that ends with NUL and takes NULL as what is not good."""
    return NULL if text is None or "\0" in text else encoded(text)


def lent_text(pointer: Any) -> str:
    """Text of C that ends with NUL."""
    data: Any = ffi.string(pointer)
    return str(data, "utf-8", "surrogateescape")


def lent_bytes(get: Callable[..., Any], *arguments: Any) -> Optional[bytes]:
    """Bytes of a call that ends with the place for their length."""
    length = ffi.new("size_t *")
    pointer = get(*arguments, length)
    return ffi.buffer(pointer, length[0])[:] if pointer else None


def path_text(path: Union[str, os.PathLike[str]]) -> bytes:
    """A path for C."""
    return terminated(os.fspath(path), "the path")


def _taken(status: int, error: Any) -> Exception:
    name = lent_text(lib.clientcert_status_name(status))
    message = lent_text(lib.clientcert_error_message(error)) or name
    lib.clientcert_error_free(error)
    return error_of(status, name, message)

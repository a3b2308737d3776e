"""The C functions one to one: `lib.clientcert_verify` and all others of `clientcert.h`, by cffi without a compiler.

Nothing here is checked beyond the types of C. Ownership, NULL and threads are as the header says.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from cffi import FFI

from .errors import LibraryError

SONAME = "libclientcert.so.1"

_PACKAGE = Path(__file__).resolve().parent


def _declarations() -> str:
    """The declarations: of the package, or, in a source tree, the one copy that all bindings share."""
    for path in (_PACKAGE / "clientcert.cdef.h", _PACKAGE.parents[2] / "clientcert.cdef.h"):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise LibraryError("clientcert.cdef.h is not in the package")


def _load() -> Any:
    """Loads the library: what CLIENTCERT_LIBRARY names and nothing else, or the package's own, or the system's."""
    named = os.environ.get("CLIENTCERT_LIBRARY")
    bundled = _PACKAGE / SONAME
    path = named or (str(bundled) if bundled.is_file() else SONAME)
    try:
        loaded: Any = ffi.dlopen(path)
    except OSError as error:
        hint = "" if named else "; install it, or set CLIENTCERT_LIBRARY to its path"
        raise LibraryError(f"the library clientcert cannot be loaded: {error}{hint}") from error
    try:
        level = loaded.clientcert_abi_version()
    except AttributeError as error:
        raise LibraryError(f"{path} is not the library clientcert: {error}") from error
    if level < loaded.CLIENTCERT_ABI_VERSION:
        raise LibraryError(
            f"{path} has interface {level}, and this package needs {loaded.CLIENTCERT_ABI_VERSION}"
        )
    return loaded


ffi = FFI()
ffi.cdef(_declarations())
lib: Any = _load()
NULL: Any = ffi.NULL
NOW: int = lib.CLIENTCERT_NOW

"""Options by name and value, until they are compiled to a `Verifier`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import Enum
from typing import Any, Union

from ._handle import Handle, check, lent_bytes, lent_text, owned, path_text, terminated
from ._raw import lib
from .errors import InternalError, Status

Scalar = Union[str, bytes, bool, int, timedelta, "os.PathLike[str]", Enum]
Value = Union[Scalar, Iterable[Scalar]]
"""What an option takes.

`str`: as in a file of options. A path: also as `pathlib.Path`. `bytes`: certificates, CRLs, a registry or a secret in
memory, where the option takes these. `bool` and `int`: for what takes them. `timedelta`: for what takes seconds. An
enumerator, such as `Mode.OPTIONAL`: its word. A list: all of these, one after the other.
"""


class Option:
    """One option as the library describes it."""

    __slots__ = ("default", "help", "name", "type")

    name: str
    """The name: `Config(name=...)`, or `Config.set(name, ...)`."""
    type: str
    """What it takes, in a few words."""
    default: str
    """Its default as text; empty where nothing is set."""
    help: str
    """What it does, on one line."""

    def __init__(self, index: int) -> None:
        self.name = lent_text(lib.clientcert_option_name(index))
        self.type = lent_text(lib.clientcert_option_type(index))
        self.default = lent_text(lib.clientcert_option_default(index))
        self.help = lent_text(lib.clientcert_option_help(index))

    def __repr__(self) -> str:
        return f"<Option {self.name}: {self.type}>"


def options() -> tuple[Option, ...]:
    """All options that the loaded library has. `docs/options.md` is the same list with more words."""
    return tuple(Option(index) for index in range(lib.clientcert_option_count()))


class Config(Handle):
    """Options that are being collected.

    >>> Config(mode="optional", ca="/etc/ssl/clients-ca.pem", tolerate=["certificate_expired"])  # doctest: +SKIP

    The names are those of `docs/options.md`; names of other systems (`ssl_verify_client`) are understood, too. A value
    is checked when it is set. Files are read when a `Verifier` is made of it. It may be used for several verifiers,
    and by several threads, one after the other.

    Raises `ConfigError` for names and values, `ContentError` for bytes, `TypeError` for what is no value.
    """

    __slots__ = ("_lock",)

    def __init__(self, **options: Value) -> None:
        self._lock = threading.Lock()
        self._c = owned(lib.clientcert_config_new(), lib.clientcert_config_free)
        for name, value in options.items():
            self.set(name, value)

    @classmethod
    def load(cls, path: Union[str, os.PathLike[str]], **options: Value) -> Config:
        """The options of a TOML file, and after them those that are given here.

        A relative path in the file is relative to its folder. Raises `FileError`, `MalformedError`, and with the line
        what `set` raises.
        """
        config = cls()
        check(lib.clientcert_config_load, config._c, path_text(path))
        for name, value in options.items():
            config.set(name, value)
        return config

    def set(self, name: str, value: Value) -> None:
        """Sets an option. The last setting counts, except that those of `ca` and of other repeatable ones add up."""
        if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
            self._set_all(name, tuple(value))
            return
        if isinstance(value, bytes):
            self._call(
                lib.clientcert_config_set_bytes, terminated(name, "the name"), value, len(value)
            )
            return
        self._call(
            lib.clientcert_config_set, terminated(name, "the name"), terminated(_text(value), name)
        )

    def dump(self) -> str:
        """All options as a TOML file that `load` reads: those that differ from their defaults, the others as comments.

        Secrets in memory stand in it as they are.
        """
        with self._lock:
            data = lent_bytes(lib.clientcert_config_dump, self._c)
        if data is None:
            raise InternalError(Status.INTERNAL, "internal", "the library failed inside")
        return data.decode()

    def _set_all(self, name: str, values: tuple[Scalar, ...]) -> None:
        known = {option.name: option.type for option in options()}
        kind = known.get(name.lower().replace("-", "_"))
        if kind is None and values:
            # Refuses unknown names with the nearest one; a foreign name does not say whether its settings add up.
            self.set(name, values[0])
            if len(values) > 1:
                raise TypeError(
                    f"a list needs the option's own name, and {name} is another system's"
                )
        elif kind is not None and "repeatable" in kind:
            for value in values:
                self.set(name, value)
        elif kind is not None and "list" in kind:
            self.set(name, ",".join(_text(value) for value in values) or "none")
        elif values:
            raise TypeError(f"{name} takes no list: {kind}")

    def _call(self, call: Callable[..., int], *arguments: Any) -> None:
        with self._lock:
            check(call, self._c, *arguments)


def _text(value: Scalar) -> str:
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, timedelta):
        if value % timedelta(seconds=1):
            raise ValueError(f"{value} is no whole number of seconds")
        return str(value // timedelta(seconds=1))
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"an option takes no {type(value).__name__}")

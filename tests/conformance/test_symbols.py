"""Every function of the header is in the raw layer of every binding, and resolves there."""

import re
import sys

from driver.programs import PYTHON, ROOT, STAGE, output

SYMBOLS = set((ROOT / "tests" / "symbols.txt").read_text().split())


def test_the_library_exports_what_the_header_declares() -> None:
    listed = output("nm", "-D", "--defined-only", str(STAGE / "lib" / "libclientcert.so"))
    assert set(re.findall(r" T (clientcert_\w+)$", listed, re.MULTILINE)) == SYMBOLS


def test_go_calls_every_function() -> None:
    """What cgo compiled a call for is in the object file of the package, and was checked against the header."""
    folder = ROOT / "bindings" / "go"
    archive = output("go", "list", "-export", "-f", "{{.Export}}", "./internal/raw", cwd=folder)
    listed = output("go", "tool", "nm", archive.strip(), cwd=folder)
    assert set(re.findall(r"\b_Cfunc_(clientcert_\w+)", listed)) == SYMBOLS


def test_python_finds_every_function() -> None:
    program = "import sys; from clientcert._raw import lib; [getattr(lib, n) for n in sys.argv[1:]]"
    output(sys.executable, "-c", program, *sorted(SYMBOLS), variables=PYTHON)
    declared = (ROOT / "bindings" / "clientcert.cdef.h").read_text()
    assert set(re.findall(r"\b(clientcert_\w+)\(", declared)) == SYMBOLS

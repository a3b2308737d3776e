"""The programs, one in each language: how they are built, and how they are asked."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
HERE = ROOT / "tests" / "conformance"
STAGE = Path(os.environ.get("CLIENTCERT_STAGE", ROOT / "target" / "stage"))

Json = dict[str, Any]


@dataclass(frozen=True)
class Program:
    """A program that reads cases, one JSON object a line, and answers each with a line."""

    language: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)

    def ask(self, cases: Iterable[Json]) -> list[Json]:
        """One answer for each case, in their order."""
        given = list(cases)
        done = subprocess.run(
            self.command,
            input="".join(json.dumps(case) + "\n" for case in given).encode(),
            env=environment() | self.environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{self.language}: {done.returncode}: {done.stderr.decode()}"
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert [answer["id"] for answer in answers] == [case["id"] for case in given], self.language
        return answers


def environment() -> dict[str, str]:
    """That of this process, with the staged library where compilers and loaders look for it."""
    return dict(os.environ) | {
        "PKG_CONFIG_PATH": str(STAGE / "lib" / "pkgconfig"),
        "LD_LIBRARY_PATH": str(STAGE / "lib"),
        "CLIENTCERT_LIBRARY": str(STAGE / "lib" / "libclientcert.so.1"),
    }


def build_all(folder: Path) -> list[Program]:
    """Every program, built in a folder. The first is the one that the others are compared with."""
    assert (STAGE / "lib" / "libclientcert.so").exists(), f"{STAGE}: no library; make stage"
    return [build_c(folder), build_rust(), build_go(folder), build_python()]


def build_c(folder: Path) -> Program:
    path = folder / "conformance-c"
    flags = output("pkg-config", "--cflags", "--libs", "clientcert", "jansson")
    warnings = ["-Wall", "-Wextra", "-Werror", "-std=gnu11", "-O1"]
    sources = [str(source) for source in sorted((HERE / "c").glob("*.c"))]
    run(os.environ.get("CC", "cc"), *warnings, *sources, "-o", str(path), *shlex.split(flags))
    return Program("C", [str(path)])


def build_rust() -> Program:
    cargo = os.environ.get("CARGO", "cargo")
    built = output(
        cargo, "build", "--quiet", "--locked", "--features", "rustls", "--example", "conformance",
        "--message-format", "json",
    )  # fmt: skip
    artifacts = [json.loads(line) for line in built.splitlines()]
    found = [artifact["executable"] for artifact in artifacts if artifact.get("executable")]
    return Program("Rust", [found[-1]])


def build_go(folder: Path) -> Program:
    path = folder / "conformance-go"
    run("go", "build", "-o", str(path), ".", cwd=HERE / "go")
    return Program("Go", [str(path)])


def build_python() -> Program:
    return Program("Python", [sys.executable, str(HERE / "python" / "conformance.py")], PYTHON)


# The binding as it stands in the tree.
PYTHON = {"PYTHONPATH": str(ROOT / "bindings" / "python" / "src")}


def output(*command: str, cwd: Path = ROOT, variables: Mapping[str, str] | None = None) -> str:
    """What a command prints; it must succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment() | dict(variables or {}),
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def run(*command: str, cwd: Path = ROOT) -> None:
    output(*command, cwd=cwd)

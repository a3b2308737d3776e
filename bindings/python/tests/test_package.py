"""The package as people install it: with the system's library, with a library inside, and out of its sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Optional

import pytest
from conftest import PYTHON, ROOT, STAGE

SAYS = "import clientcert; print(clientcert.__file__, clientcert.version(), clientcert._raw.origin)"


def run(*command: Any, **environment: Optional[str]) -> str:
    """Runs a command without what the tests set; None takes a variable away."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CLIENTCERT", "PYTHON"))
    }
    variables.update({name: value for name, value in environment.items() if value is not None})
    done = subprocess.run(
        [str(word) for word in command], env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, as far as the package needs it."""
    root = tmp_path_factory.mktemp("project")
    for name in (
        "Cargo.toml",
        "LICENSE-APACHE",
        "LICENSE-ISC",
        "LICENSE-MIT",
        "bindings/clientcert.cdef.h",
    ):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    left_out = shutil.ignore_patterns("tests", "__pycache__", "*.egg-info", "build", "dist", ".*")
    shutil.copytree(PYTHON, root / "bindings" / "python", ignore=left_out)
    return root


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library without what is for debuggers."""
    path = tmp_path_factory.mktemp("library") / "libclientcert.so.1"
    run("strip", "-o", path, STAGE / "lib" / "libclientcert.so.1")
    return path


def build(kind: str, source: Path, out: Path, **environment: Optional[str]) -> Path:
    before = sources_in(source)
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        f"--{kind}",
        "--outdir",
        out,
        source,
    ]
    run(*command, **environment)
    assert sources_in(source) == before, "a build leaves nothing among the sources"
    (made,) = out.iterdir()
    return made


def sources_in(folder: Path) -> list[Path]:
    made = re.compile(r"egg-info|__pycache__|/build(/|$)")
    return sorted(path for path in folder.rglob("*") if not made.search(str(path)))


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """An environment that has cffi, by the packages of this one, and nothing of ours."""
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (here,) = {Path(path) for path in sys.path if path.endswith("site-packages")}
    (packages / "of_the_tests.pth").write_text(f"{here}\n")
    return tmp_path / "venv" / "bin" / "python"


def version() -> str:
    found = re.search(r'^version = "(.+?)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def test_a_wheel_finds_the_library_of_the_system(
    project: Path, installed: Path, tmp_path: Path
) -> None:
    wheel = build("wheel", project / "bindings" / "python", tmp_path / "out")
    assert wheel.name == f"clientcert-{version()}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    assert "clientcert/py.typed" in names
    assert "clientcert/clientcert.cdef.h" in names
    assert "clientcert/django/__init__.py" in names
    assert not [name for name in names if name.endswith(".so.1")]
    assert len([name for name in names if "LICENSE" in name]) == 3
    run(installed, "-m", "pip", "install", "--no-deps", "--no-index", wheel)
    said = run(installed, "-c", SAYS, LD_LIBRARY_PATH=str(STAGE / "lib"))
    assert said.split()[1:] == [version(), "libclientcert.so.1"]
    assert "site-packages" in said


def test_the_environment_names_the_library_and_no_other_is_tried(
    project: Path, installed: Path, library: Path, tmp_path: Path
) -> None:
    wheel = build(
        "wheel", project / "bindings" / "python", tmp_path / "out", CLIENTCERT_BUNDLE=str(library)
    )
    run(installed, "-m", "pip", "install", "--no-deps", "--no-index", wheel)
    said = run(installed, "-c", SAYS, CLIENTCERT_LIBRARY=str(library))
    assert said.split()[2] == str(library)
    missing = "try:\n import clientcert\nexcept ImportError as error: print(error)"
    assert "/nowhere.so" in run(installed, "-c", missing, CLIENTCERT_LIBRARY="/nowhere.so")


def test_a_wheel_brings_the_library_along(
    project: Path, installed: Path, library: Path, tmp_path: Path
) -> None:
    wheel = build(
        "wheel", project / "bindings" / "python", tmp_path / "out", CLIENTCERT_BUNDLE=str(library)
    )
    assert re.fullmatch(rf"clientcert-{version()}-py3-none-linux_\w+\.whl", wheel.name)
    tools = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    shown = run(sys.executable, "-m", "auditwheel", "show", wheel, **tools)
    assert "manylinux_2_" in shown
    run(
        sys.executable,
        "-m",
        "auditwheel",
        "repair",
        "--wheel-dir",
        tmp_path / "repaired",
        wheel,
        **tools,
    )
    (repaired,) = (tmp_path / "repaired").iterdir()
    assert re.search(r"-py3-none-manylinux_2_\d+_\w+\.whl$", repaired.name)
    run(installed, "-m", "pip", "install", "--no-deps", "--no-index", repaired)
    said = run(installed, "-c", SAYS).split()
    assert said[1] == version()
    assert Path(said[2]).parent == Path(said[0]).parent


def test_a_distribution_builds_it_from_the_sources_alone(
    project: Path, installed: Path, tmp_path: Path
) -> None:
    archive = build("sdist", project / "bindings" / "python", tmp_path / "out")
    assert archive.name == f"clientcert-{version()}.tar.gz"
    with tarfile.open(archive) as sources:
        names = [name.split("/", 1)[-1] for name in sources.getnames()]
        sources.extractall(tmp_path / "sources", filter="data")
    assert {
        "VERSION",
        "build_backend.py",
        "setup.py",
        "src/clientcert/clientcert.cdef.h",
        "LICENSE-ISC",
    } <= set(names)
    wheel = build("wheel", tmp_path / "sources" / f"clientcert-{version()}", tmp_path / "again")
    run(installed, "-m", "pip", "install", "--no-deps", "--no-index", wheel)
    assert version() in run(installed, "-c", SAYS, LD_LIBRARY_PATH=str(STAGE / "lib"))


def test_strict_users_of_mypy_see_our_types(project: Path, installed: Path, tmp_path: Path) -> None:
    wheel = build("wheel", project / "bindings" / "python", tmp_path / "out")
    run(installed, "-m", "pip", "install", "--no-deps", "--no-index", wheel)
    program = tmp_path / "program.py"
    program.write_text(
        "import clientcert\n"
        'verifier = clientcert.Verifier(clientcert.Config(mode="require", ca=["/a.pem"]))\n'
        "verdict = verifier.verify([b''])\n"
        "reveal_type(verdict.user)\n"
        "reveal_type([reason.code for reason in verdict.reasons])\n"
    )
    said = run(sys.executable, "-m", "mypy", "--strict", "--python-executable", installed, program)
    assert 'Revealed type is "str | None"' in said
    assert 'Revealed type is "list[int]"' in said

"""setuptools, with what the package takes from the project: its version, the declarations for cffi, and the licences.

CLIENTCERT_BUNDLE names a shared library that a wheel is to bring along; the wheel is then for this platform, and
`auditwheel repair` says for which systems. Without it, the wheel is for every platform and finds the system's library.
"""

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

from setuptools import build_meta
from setuptools.build_meta import *  # noqa: F403

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGE = HERE / "src" / "clientcert"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    # What an earlier build left would come along: the library, into a wheel that is to find the system's.
    shutil.rmtree(HERE / "build", ignore_errors=True)
    with _taken(bundle=os.environ.get("CLIENTCERT_BUNDLE")):
        return build_meta.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    with _taken():
        return build_meta.build_editable(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory, config_settings=None):
    with _taken():
        return build_meta.build_sdist(sdist_directory, config_settings)


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    with _taken():
        return build_meta.prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def prepare_metadata_for_build_editable(metadata_directory, config_settings=None):
    with _taken():
        return build_meta.prepare_metadata_for_build_editable(metadata_directory, config_settings)


def get_requires_for_build_wheel(config_settings=None):
    with _taken():
        return build_meta.get_requires_for_build_wheel(config_settings)


def get_requires_for_build_editable(config_settings=None):
    with _taken():
        return build_meta.get_requires_for_build_editable(config_settings)


def get_requires_for_build_sdist(config_settings=None):
    with _taken():
        return build_meta.get_requires_for_build_sdist(config_settings)


@contextmanager
def _taken(bundle=None):
    """Has the files of the project here for the time of a build. A source distribution has them for good."""
    made = []
    try:
        for source, target in _files(bundle):
            if not target.exists():
                made.append(target)
                shutil.copyfile(source, target)
        version = HERE / "VERSION"
        if not version.exists():
            made.append(version)
            version.write_text(_version())
        yield
    finally:
        for path in made:
            path.unlink()


def _files(bundle):
    licences = [ROOT / name for name in ("LICENSE-APACHE", "LICENSE-ISC", "LICENSE-MIT")]
    declarations = ROOT / "bindings" / "clientcert.cdef.h"
    return [
        (declarations, PACKAGE / "clientcert.cdef.h"),
        *((licence, HERE / licence.name) for licence in licences),
        *([(bundle, PACKAGE / "libclientcert.so.1")] if bundle else []),
    ]


def _version():
    """The version of the crate."""
    return re.search(r'^version = "(.+?)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(
        1
    )

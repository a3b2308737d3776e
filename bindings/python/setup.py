"""A wheel that brings the shared library along is for one platform, and for every CPython on it."""

from pathlib import Path

from setuptools import Distribution, setup

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:
    from wheel.bdist_wheel import bdist_wheel

BUNDLED = (Path(__file__).resolve().parent / "src" / "clientcert" / "libclientcert.so.1").exists()


class Package(Distribution):
    def has_ext_modules(self):
        return BUNDLED


class Wheel(bdist_wheel):
    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


setup(cmdclass={"bdist_wheel": Wheel}, distclass=Package)

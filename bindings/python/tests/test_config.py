"""Options: values of Python, errors, files, and the list of all of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import PKI

import clientcert
from clientcert import Config, Mode, Verifier


def setting(config: Config, name: str) -> str:
    """What the dump says of an option; what is at its default is a comment."""
    return next(
        line for line in config.dump().splitlines() if line.lstrip("# ").startswith(f"{name} = ")
    )


@pytest.mark.parametrize(
    ("name", "value", "written"),
    [
        ("mode", "optional", 'mode = "optional"'),
        ("mode", Mode.OPTIONAL_NO_CA, 'mode = "optional_no_ca"'),
        ("ssl_verify_client", "optional", 'mode = "optional"'),
        ("accept_v1", False, "accept_v1 = false"),
        ("ocsp_nonce", True, "ocsp_nonce = true"),
        ("depth", 3, "depth = 3"),
        ("cache_ttl", timedelta(minutes=2), "cache_ttl = 120"),
        (
            "tolerate",
            ["certificate_expired", "crl_missing"],
            'tolerate = ["crl_missing", "certificate_expired"]',
        ),
        (
            "preflight_origin",
            ["https://a.example", "https://b.example"],
            'preflight_origin = ["https://a.example", "https://b.example"]',
        ),
        ("ca", Path("/etc/ssl/clients.pem"), 'ca = ["/etc/ssl/clients.pem"]'),
        ("ca", ["/a,b.pem", Path("/c.pem")], 'ca = ["/a,b.pem", "/c.pem"]'),
    ],
)
def test_values_of_python_are_values_of_options(name: str, value: Any, written: str) -> None:
    option = {"ssl_verify_client": "mode"}.get(name, name)
    assert setting(Config(**{name: value}), option) == written


@pytest.mark.parametrize(
    ("options", "error", "code", "message"),
    [
        ({"mod": "x"}, clientcert.UnknownOptionError, 16, "did you mean 'mode'?"),
        ({"mode": "sometimes"}, clientcert.InvalidValueError, 17, "'mode'"),
        ({"mode": b"optional"}, clientcert.InvalidValueError, 17, "'mode'"),
        ({"depth": -1}, clientcert.InvalidValueError, 17, "'depth'"),
        ({"ca": b"-----BEGIN CERTIFICATE-----\n!"}, clientcert.MalformedError, 48, "'ca'"),
        ({"ca": b""}, clientcert.NoCertificateError, 49, ""),
    ],
)
def test_what_an_option_does_not_take_is_an_error_with_its_name(
    options: dict[str, Any], error: type[clientcert.Error], code: int, message: str
) -> None:
    with pytest.raises(error) as raised:
        Config(**options)
    assert raised.value.code == code
    assert message in raised.value.message == str(raised.value)
    assert raised.value.name == clientcert.Status(code).name.lower()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"mode": None}, TypeError),
        ({"mode": ["optional", "require"]}, TypeError),
        ({"mode": 1.5}, TypeError),
        ({"ssl_client_certificate": ["/a.pem", "/b.pem"]}, TypeError),
        ({"mode": "optional\0"}, ValueError),
        ({"cache_ttl": timedelta(milliseconds=1500)}, ValueError),
    ],
)
def test_what_is_no_value_is_an_error_of_python(
    options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        Config(**options)


def test_an_error_of_a_status_that_is_not_known_yet_is_still_an_error() -> None:
    from clientcert.errors import error_of

    error = error_of(99, "unknown", "something new")
    assert type(error) is clientcert.Error
    assert (error.code, error.name, str(error)) == (99, "unknown", "something new")


def test_every_status_has_its_exception() -> None:
    from clientcert import _raw
    from clientcert.errors import error_of

    enumerators = _raw.ffi.typeof("clientcert_status").relements
    known = {name[len("CLIENTCERT_") :]: number for name, number in enumerators.items() if number}
    assert known == {status.name: status.value for status in clientcert.Status}
    assert len({type(error_of(number, "", "")) for number in known.values()}) == len(known)


def test_options_that_contradict_each_other_make_no_verifier() -> None:
    with pytest.raises(clientcert.InvalidConfigError):
        Verifier(Config(mode="require"))
    with pytest.raises(clientcert.FileError, match=r"/nowhere\.pem"):
        Verifier(Config(mode="require", ca="/nowhere.pem"))


def test_certificates_may_be_in_memory(pki: PKI) -> None:
    values: list[Any] = [
        pki.root.read_bytes(),
        pki.der("root"),
        [pki.der("root"), pki.path("stranger.crt")],
    ]
    for value in values:
        with Verifier(Config(mode="require", ca=value)) as verifier:
            assert verifier.verify(pki.chain("good")).verified


def test_a_file_of_options_is_read_and_written(pki: PKI, tmp_path: Path) -> None:
    file = tmp_path / "clients.toml"
    file.write_text(f'mode = "optional"\nca = "{pki.root}"\n')
    config = Config.load(file, depth=2)
    again = tmp_path / "again.toml"
    again.write_text(config.dump())
    assert Config.load(again).dump() == config.dump()
    assert setting(config, "depth") == "depth = 2"
    with Verifier(config) as verifier:
        assert verifier.policy().mode is Mode.OPTIONAL
    file.write_text('\nmode = "sometimes"\n')
    with pytest.raises(clientcert.InvalidValueError, match=r"clients\.toml:2: "):
        Config.load(file)
    with pytest.raises(clientcert.FileError):
        Config.load(tmp_path / "nowhere.toml")


def test_the_options_are_those_of_the_documentation() -> None:
    from conftest import ROOT

    documented = (ROOT / "docs" / "options.md").read_text()
    listed = clientcert.options()
    assert len(listed) > 40
    for option in listed:
        assert f"\n## {option.name}\n" in documented
        assert option.type
        assert option.help
    assert next(option for option in listed if option.name == "mode").default == "require"


def test_a_config_may_be_closed_early_and_twice() -> None:
    config = Config(mode="off")
    verifier = Verifier(config)
    config.close()
    config.close()
    with pytest.raises(clientcert.ClosedError, match="Config is closed"):
        config.set("mode", "off")
    with pytest.raises(clientcert.ClosedError):
        Verifier(config)
    assert not verifier.verify([]).verified

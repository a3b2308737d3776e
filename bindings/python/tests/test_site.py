"""The example site, as a person sees it in Chromium."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PKI
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import staleness_of
from selenium.webdriver.support.wait import WebDriverWait
from servers import Process, free_port, python

SITE = Path(__file__).resolve().parents[1] / "examples" / "site"
POLICIES = Path("/etc/chromium/policies/managed")


@pytest.fixture
def site(pki: PKI, tmp_path: Path) -> Iterator[str]:
    """The address of the site, where nobody is registered yet."""
    config = tmp_path / "clientcert.toml"
    config.write_text(
        f"""
        mode = "optional_no_ca"
        ca = "{pki.root}"
        trust = "ca+key"
        registry = "sqlite:{tmp_path}/keys.db"
        identity = "registry"
        """
    )
    port = free_port()
    words = ["--chdir", SITE, "--config", SITE / "gunicorn.conf.py", "--bind", f"127.0.0.1:{port}"]
    files = ["--certfile", pki.path("server.crt"), "--keyfile", pki.path("server.key")]
    environment = {"SITE_CONFIG": str(config), "SITE_CA": str(pki.root)}
    command = python("gunicorn", *words, *files, "accounts:app")
    server = Process(command, port, tmp_path / "site.log", environment)
    yield f"https://localhost:{port}"
    server.stop()


@pytest.fixture
def chromium(pki: PKI, tmp_path: Path) -> Iterator[webdriver.Chrome]:
    """A browser with Alice's certificate, which it presents without asking."""
    home = tmp_path / "home"
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    store = tmp_path / "alice.p12"
    alice = pki.path("good.pem")
    run(
        "openssl",
        "pkcs12",
        "-export",
        "-name",
        "alice",
        "-passout",
        "pass:alice",
        "-in",
        alice,
        "-out",
        store,
    )
    run("certutil", "-N", "--empty-password", "-d", f"sql:{database}")
    run("certutil", "-A", "-n", "ca", "-t", "C,,", "-d", f"sql:{database}", "-i", pki.root)
    run("pk12util", "-W", "alice", "-d", f"sql:{database}", "-i", store)
    # With several certificates a person would be asked. Chromium takes policies from this folder alone.
    choice = json.dumps({"pattern": "https://[*.]localhost", "filter": {}})
    policy = POLICIES / f"zz-clientcert-python-{os.getpid()}.json"
    POLICIES.mkdir(parents=True, exist_ok=True)
    policy.write_text(json.dumps({"AutoSelectCertificateForUrls": [choice]}))
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-proxy-server",
        "--disable-background-networking",
        f"--user-data-dir={home}/profile",
    ):
        options.add_argument(word)
    service = webdriver.ChromeService(
        "/usr/bin/chromedriver", env={**os.environ, "HOME": str(home)}
    )
    try:
        browser = webdriver.Chrome(options, service)
        yield browser
        browser.quit()
    finally:
        policy.unlink()


def run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def press(browser: webdriver.Chrome, button: str) -> None:
    """Presses a button, and waits until the page that it was on is gone."""
    page = browser.find_element(By.TAG_NAME, "html")
    browser.find_element(By.ID, button).click()
    WebDriverWait(browser, 60).until(staleness_of(page))


def text(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "body").text


def test_a_person_registers_a_certificate_and_logs_in_with_it(
    site: str, chromium: webdriver.Chrome
) -> None:
    browser = chromium
    browser.get(site)
    assert "You are nobody." in text(browser)
    browser.get(f"{site}/vault")
    assert "The key is not registered to a user." in text(browser)

    browser.get(f"{site}/account")
    assert browser.current_url == f"{site}/log-in"
    browser.find_element(By.NAME, "name").send_keys("alice")
    browser.find_element(By.NAME, "password").send_keys("alice's password")
    press(browser, "by-password")
    assert "The account of alice" in text(browser)
    assert "No certificate is registered." in text(browser)

    browser.find_element(By.NAME, "label").send_keys("<laptop>")
    browser.find_element(By.NAME, "password").send_keys("alice's password")
    press(browser, "register")
    assert "Your certificate is registered." in text(browser)
    assert "<laptop>: spki:sha256:" in text(browser)
    browser.get(f"{site}/vault")
    assert "welcome, alice" in text(browser)

    browser.delete_all_cookies()
    browser.get(f"{site}/account")
    assert "The account of alice" in text(browser)

    press(browser, "log-out")
    assert browser.current_url == f"{site}/log-in"
    browser.get(f"{site}/vault")
    assert "You have logged out." in text(browser)
    browser.get(f"{site}/log-in")
    press(browser, "by-certificate")
    assert "The account of alice" in text(browser)
    browser.get(f"{site}/vault")
    assert "welcome, alice" in text(browser)


def test_a_form_of_another_site_changes_nothing(site: str, chromium: webdriver.Chrome) -> None:
    browser = chromium
    browser.get(f"{site}/log-in")
    # What another site can do: send the fields, without the token that the page had.
    browser.execute_script(
        "document.querySelectorAll('[name=form_token]').forEach(field => { field.value = 'guessed' })"
    )
    browser.find_element(By.NAME, "name").send_keys("alice")
    browser.find_element(By.NAME, "password").send_keys("alice's password")
    press(browser, "by-password")
    assert "was not sent by a page of this site" in text(browser)
    browser.get(site)
    assert "You are nobody." in text(browser)

"""What does not depend on a client: options, reasons, dialects."""

from driver.compare import Ask


def test_every_language_lists_the_same(ask: Ask) -> None:
    headers = [
        "Client-Cert",
        "CLIENT_CERT",
        "x-ssl-client-anything",
        "Host",
        "Cookie",
        "",
        "client",
    ]
    library = ask([{"id": "library", "headers": headers}])["library"]["library"]
    assert library["version"].count(".") == 2
    assert ["mode", "require"] in [[name, default] for name, _, default, _ in library["options"]]
    expired = next(row for row in library["reasons"] if row[1] == "certificate_expired")
    assert expired == [
        41, "certificate_expired", "the certificate has expired", "X509_V_ERR_CERT_HAS_EXPIRED",
        10, 45, 45, 495, 17,
    ]  # fmt: skip
    assert [1, "rfc9440", "Client-Cert"] in library["dialects"]
    assert "client-cert" in library["forwarded_headers"]
    assert library["removed"] == [True, True, True, False, False, False, False]

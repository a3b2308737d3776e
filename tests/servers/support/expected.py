"""What is expected of the clients of the demo, whatever the server."""

# What each client presents is worth where it is verified: the outcome, and all reasons.
VERDICTS = {
    None: ("NONE", "-"),
    "good": ("SUCCESS", "-"),
    "chain": ("SUCCESS", "-"),
    "old": ("SUCCESS", "-"),
    "chain-cut": ("FAILED", "leaf_issuer_unknown@0"),
    "elsewhere": ("FAILED", "leaf_issuer_unknown@0"),
    "self": ("FAILED", "self_signed@0"),
    "elsewhere-expired": ("FAILED", "leaf_issuer_unknown@0,certificate_expired@0"),
    "expired": ("FAILED", "certificate_expired@0"),
    "future": ("FAILED", "certificate_not_yet_valid@0"),
    "purpose": ("FAILED", "extended_key_usage@0"),
}
GOOD: set[str | None] = {"good", "chain", "old"}
# Those that servers with and without the module are to see alike: all of these, and who was revoked.
CLIENTS: list[str | None] = [*VERDICTS, "revoked", "revoked-below"]
EVERYONE: set[str | None] = set(VERDICTS)

# Who may be here at all.
SERVED: dict[str, set[str | None]] = {
    "off": EVERYONE,
    "optional": GOOD | {None},
    "optional_no_ca": GOOD | {None, "chain-cut", "elsewhere", "self"},
    "require": GOOD,
    "request_any": EVERYONE,
    "require_any": EVERYONE - {None},
    "deferred": EVERYONE,
}
ASKED = {"optional", "optional_no_ca", "require"}

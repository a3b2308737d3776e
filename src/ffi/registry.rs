//! Registry: which key belongs to which user, and the verbs that change it.

use std::ffi::{CString, c_char};
use std::sync::Arc;

use serde_json::Value;

use super::error::clientcert_error;
use super::guard::{guard, guard_status};
use super::pointer::{Handle, Owned, borrow, borrow_mut, bytes, free_owned, into_owned, null, text, write};
use super::text::c_text;
use super::verdict::clientcert_verdict;
use super::verifier::clientcert_verifier;
use crate::Error;
use crate::registry::{AuditRecord, Editor, Form, Known, RegisteredKey, Registration, Registry, from_jwks, from_text};
use crate::time::unix_now;
use crate::verdict::Verdict;

/// A registry of keys, seen by one who reads and changes it. Not for several threads at once: every thread, or every
/// request, opens its own, which costs little.
pub struct clientcert_registry {
    _private: [u8; 0],
}

pub(super) struct RegistryHandle {
    registry: Arc<Registry>,
    actor: String,
    /// What the last call that lends a text gave.
    lent: CString,
    audit: CString,
}

impl Handle for clientcert_registry {
    type Value = RegistryHandle;
}

impl Owned for clientcert_registry {}

impl RegistryHandle {
    fn new(registry: Arc<Registry>) -> Self {
        Self { registry, actor: "unknown".to_owned(), lent: CString::default(), audit: CString::from(c"[]") }
    }

    /// Runs a verb in the name of the actor, and keeps its records.
    fn edit(&mut self, verb: impl FnOnce(&Editor<'_>) -> Result<Vec<AuditRecord>, Error>) -> Result<(), Error> {
        self.audit = CString::from(c"[]");
        let records = verb(&self.registry.editor(&self.actor))?;
        self.audit = c_text(&records.iter().map(AuditRecord::to_json).collect::<Value>().to_string());
        Ok(())
    }
}

/// Opens a registry by the URL that the option `registry` takes, but for `memory:`, which is one's own with every
/// opening, and `external`, which the library cannot read. Nothing is read or connected to before the first call that
/// needs it. Databases must be used in the process that opened them, not in one forked from it.
///
/// @param[in] url Borrowed.
/// @param[out] out Owned by the caller. NULL on failure.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_VALUE` for what is no such URL; `CLIENTCERT_NOT_SUPPORTED`;
/// `CLIENTCERT_MALFORMED` for a text of `memory:`; `CLIENTCERT_INVALID_ARGUMENT` where a pointer is NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_new(
    url: *const c_char,
    out: *mut *mut clientcert_registry,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for texts and places to write to.
    unsafe {
        guard_status(error, || {
            write(out, std::ptr::null_mut());
            if out.is_null() {
                return Err(null("out"));
            }
            let registry = Registry::open(text(url, "url")?)?;
            write(out, into_owned(RegistryHandle::new(Arc::new(registry))));
            Ok(())
        })
    }
}

/// The registry of a verifier, the same that it asks: what is changed here, it sees at its next refresh.
///
/// @param[in] verifier Borrowed; the registry may outlive it.
/// @return Owned by the caller. NULL where the verifier has none, or is NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verifier_registry(
    verifier: *const clientcert_verifier,
) -> *mut clientcert_registry {
    guard(std::ptr::null_mut(), || {
        // SAFETY: the header's contract for handles.
        let registry = unsafe { borrow(verifier) }.and_then(|verifier| verifier.registry());
        registry.map_or(std::ptr::null_mut(), |registry| into_owned(RegistryHandle::new(Arc::clone(registry))))
    })
}

/// Frees a registry. What is registered stays.
///
/// @param[in] registry Taken. NULL does nothing.
/// @since 1
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_free(registry: *mut clientcert_registry) {
    guard((), || {
        // SAFETY: the header's contract for handles.
        unsafe { free_owned(registry) }
    });
}

/// Says in whose name the following changes are made, which is what their audit records say: the user who is logged in,
/// or an administrator. Until then it is `unknown`.
///
/// @param[in] registry Changed.
/// @param[in] actor Copied.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_act_as(
    registry: *mut clientcert_registry,
    actor: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            let registry = borrow_mut(registry).ok_or(null("registry"))?;
            text(actor, "actor")?.clone_into(&mut registry.actor);
            Ok(())
        })
    }
}

/// Registers the key of a connected client to a user who is logged in by other means, such as a password: the verb for
/// users themselves. The key is registered by its SubjectPublicKeyInfo, so that it survives a renewal of the certificate.
///
/// `verdict` must be that of the very connection on which the user asks, whose TLS handshake has proven that the client
/// holds the key: a certificate is public. All that may be wrong with it is `CLIENTCERT_REASON_KEY_NOT_REGISTERED`.
///
/// @param[in] registry Changed.
/// @param[in] verdict Borrowed.
/// @param[in] user Who is logged in: 1 to 1024 bytes without control characters.
/// @param[in] label What the user calls the key, at most 1024 bytes. May be NULL.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_NOT_ENTITLED` where the verdict is no such one; `CLIENTCERT_KEY_TAKEN` where the
/// key is registered, which a verdict from before does not know; `CLIENTCERT_KEY_REVOKED`; `CLIENTCERT_IO`,
/// `CLIENTCERT_MALFORMED` and `CLIENTCERT_REGISTRY_UNAVAILABLE` for where the registrations are kept;
/// `CLIENTCERT_NOT_SUPPORTED` where that is with the host; `CLIENTCERT_INVALID_ARGUMENT`. On failure nothing has changed.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_enrol_verdict(
    registry: *mut clientcert_registry,
    verdict: *const clientcert_verdict,
    user: *const c_char,
    label: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            let verdict: &Verdict = borrow(verdict).ok_or(null("verdict"))?;
            let (user, label) = (text(user, "user")?, optional(label, "label")?.unwrap_or_default());
            let registry = borrow_mut(registry).ok_or(null("registry"))?;
            registry.edit(|editor| Ok(vec![editor.enrol_verdict(user, label, verdict)?]))
        })
    }
}

/// Registers a certificate to a user: an administrator's verb, because it asks for no proof that the user holds the key.
///
/// @param[in] registry Changed.
/// @param[in] user 1 to 1024 bytes without control characters.
/// @param[in] certificate `length` bytes: one certificate, DER or PEM.
/// @param[in] length In bytes.
/// @param[in] fields JSON: an object with any of `label`, `not_before` and `not_after` (RFC 3339 in UTC), `disabled`,
/// `no_manage`, `ca` (`sha256:` and the SHA-256 of a CA's SubjectPublicKeyInfo), and `by`, which is `spki`, or
/// `certificate` for this very certificate and no later one with the same key. May be NULL.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return As `clientcert_registry_enrol_verdict`, but for `CLIENTCERT_NOT_ENTITLED`; `CLIENTCERT_MALFORMED` where it is
/// not one certificate.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_enrol_certificate(
    registry: *mut clientcert_registry,
    user: *const c_char,
    certificate: *const u8,
    length: usize,
    fields: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts, buffers and places to write to.
    unsafe {
        guard_status(error, || {
            let user = text(user, "user")?;
            let certificate =
                crate::registry::one_certificate(bytes(certificate, length, "certificate")?, "certificate")?;
            let (form, fields) = split_fields(optional(fields, "fields")?)?;
            let mut registration = Registration::of_certificate(user, &certificate.view(), form, unix_now());
            registration.set_json(&fields)?;
            let registry = borrow_mut(registry).ok_or(null("registry"))?;
            registry.edit(|editor| Ok(vec![editor.enrol_certificate(&certificate.view(), &registration)?]))
        })
    }
}

/// Registers a key to a user by its fingerprint: an administrator's verb, because it asks for no proof that the user holds
/// the key.
///
/// @param[in] registry Changed.
/// @param[in] user 1 to 1024 bytes without control characters.
/// @param[in] key `spki:sha256:` or `cert:sha256:` with 32 bytes in hexadecimal (colons or not), base64 or base64url.
/// @param[in] fields As for `clientcert_registry_enrol_certificate`, but for `by`. May be NULL.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return As `clientcert_registry_enrol_verdict`, but for `CLIENTCERT_NOT_ENTITLED`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_enrol_fingerprint(
    registry: *mut clientcert_registry,
    user: *const c_char,
    key: *const c_char,
    fields: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            let mut registration = Registration::new(text(user, "user")?, key_of(text(key, "key")?)?, unix_now());
            registration.set_json(optional(fields, "fields")?.unwrap_or("{}"))?;
            let registry = borrow_mut(registry).ok_or(null("registry"))?;
            registry.edit(|editor| Ok(vec![editor.enrol(&registration)?]))
        })
    }
}

/// Registers the key of a connected client beside one that is registered already, to the same user, for the same CA and no
/// longer than that. The registered one must count now, and be allowed to change keys.
///
/// @param[in] registry Changed.
/// @param[in] verdict Borrowed. Of the connection with the new key, as for `clientcert_registry_enrol_verdict`.
/// @param[in] registered Borrowed. Of a connection with the registered key, verified, of the same person: which it is for
/// the host to know, for instance because both belong to one session.
/// @param[in] label What the new key is called. NULL: like the old one.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return As `clientcert_registry_enrol_verdict`; `CLIENTCERT_NOT_REGISTERED` where `registered` is verified by its CA
/// alone.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_renew_beside(
    registry: *mut clientcert_registry,
    verdict: *const clientcert_verdict,
    registered: *const clientcert_verdict,
    label: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            let verdict: &Verdict = borrow(verdict).ok_or(null("verdict"))?;
            let registered: &Verdict = borrow(registered).ok_or(null("registered"))?;
            let label = optional(label, "label")?;
            let registry = borrow_mut(registry).ok_or(null("registry"))?;
            registry.edit(|editor| Ok(vec![editor.renew_beside(verdict, registered, label)?]))
        })
    }
}

/// Registers the key of a connected client whose certificate a registered key has signed, to the same user, for the same
/// CA and no longer than that. The registered one must count now, and be allowed to change keys.
///
/// @param[in] registry Changed.
/// @param[in] verdict Borrowed. Of the connection with the new key, as for `clientcert_registry_enrol_verdict`.
/// @param[in] signer `length` bytes: a certificate with the registered key, DER or PEM.
/// @param[in] length In bytes.
/// @param[in] label What the new key is called. NULL: like the old one.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return As `clientcert_registry_enrol_verdict`; `CLIENTCERT_NOT_REGISTERED` where the signer's key is not registered;
/// `CLIENTCERT_MALFORMED` where it is not one certificate.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_renew_signed(
    registry: *mut clientcert_registry,
    verdict: *const clientcert_verdict,
    signer: *const u8,
    length: usize,
    label: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts, buffers and places to write to.
    unsafe {
        guard_status(error, || {
            let verdict: &Verdict = borrow(verdict).ok_or(null("verdict"))?;
            let signer = crate::registry::one_certificate(bytes(signer, length, "signer")?, "signer")?;
            let label = optional(label, "label")?;
            let registry = borrow_mut(registry).ok_or(null("registry"))?;
            registry.edit(|editor| Ok(vec![editor.renew_signed(verdict, &signer.view(), label)?]))
        })
    }
}

/// Changes what is registered. The verbs:
///
/// `disable` and `enable`: the key does not count until it is enabled again. `revoke`: it does not count any more, for
/// good; the registration stays, so that nobody can register the key again. `remove`: the registration goes, and the key
/// may be registered anew; not what was revoked. `rename`: the key is called `value`. `rename_user`: the keys of the user
/// `subject` belong to `value`, who has none yet.
///
/// @param[in] registry Changed.
/// @param[in] verb One of these words.
/// @param[in] subject The key, as for `clientcert_registry_enrol_fingerprint`; the user for `rename_user`.
/// @param[in] value What the verb needs; NULL for the others.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return As `clientcert_registry_enrol_fingerprint`; `CLIENTCERT_NOT_REGISTERED`; `CLIENTCERT_INVALID_ARGUMENT` for
/// another verb, too.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_change(
    registry: *mut clientcert_registry,
    verb: *const c_char,
    subject: *const c_char,
    value: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            let (verb, subject) = (text(verb, "verb")?, text(subject, "subject")?);
            let value = optional(value, "value")?;
            let registry = borrow_mut(registry).ok_or(null("registry"))?;
            let key = || key_of(subject);
            registry.edit(|editor| match (verb, value) {
                ("disable", None) => Ok(vec![editor.disable(&key()?)?]),
                ("enable", None) => Ok(vec![editor.enable(&key()?)?]),
                ("revoke", None) => Ok(vec![editor.revoke(&key()?)?]),
                ("remove", None) => Ok(vec![editor.remove(&key()?)?]),
                ("rename", Some(label)) => Ok(vec![editor.rename(&key()?, label)?]),
                ("rename_user", Some(name)) => editor.rename_user(subject, name),
                ("rename" | "rename_user", None) => Err(null("value")),
                ("disable" | "enable" | "revoke" | "remove", Some(_)) => {
                    Err(Error::InvalidArgument { argument: "value", problem: "not NULL, and the verb takes none" })
                }
                _ => Err(Error::InvalidArgument { argument: "verb", problem: "no verb" }),
            })
        })
    }
}

/// Says that a key was used. It is no change of who may do what, so it leaves no audit record. To write down every use is
/// costly; once a day for each key tells as much.
///
/// @param[in] registry Changed.
/// @param[in] key As for `clientcert_registry_enrol_fingerprint`.
/// @param[in] time In seconds since 1970-01-01T00:00:00Z; an earlier one than is known changes nothing.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return As `clientcert_registry_change`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_used(
    registry: *mut clientcert_registry,
    key: *const c_char,
    time: i64,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            let key = key_of(text(key, "key")?)?;
            let registry = borrow_mut(registry).ok_or(null("registry"))?;
            registry.edit(|editor| editor.used(&key, time).map(|()| Vec::new()))
        })
    }
}

/// Registers many keys at once, all or none: an administrator's verb.
///
/// @param[in] registry Changed.
/// @param[in] format `text`, the form of a `file:` registry without paths in it; or `jwks`, a JWK set with `x5c` or
/// `x5t#S256`, as RFC 8705 section 2.2.2 registers clients.
/// @param[in] data `length` bytes.
/// @param[in] length In bytes.
/// @param[in] user Whose the keys of `jwks` are; NULL for `text`, which says so itself.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return As `clientcert_registry_enrol_fingerprint`; `CLIENTCERT_MALFORMED` with the line or the number of the key.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_import(
    registry: *mut clientcert_registry,
    format: *const c_char,
    data: *const u8,
    length: usize,
    user: *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts, buffers and places to write to.
    unsafe {
        guard_status(error, || {
            let data = bytes(data, length, "data")?;
            let all = match (text(format, "format")?, optional(user, "user")?) {
                ("text", None) => from_text(data, "bytes", None)?,
                ("jwks", Some(user)) => from_jwks(data, "bytes", user, unix_now())?,
                ("jwks", None) => return Err(null("user")),
                ("text", Some(_)) => {
                    return Err(Error::InvalidArgument {
                        argument: "user",
                        problem: "not NULL, and the text says whose",
                    });
                }
                _ => return Err(Error::InvalidArgument { argument: "format", problem: "neither text nor jwks" }),
            };
            let registry = borrow_mut(registry).ok_or(null("registry"))?;
            registry.edit(|editor| editor.import(&all, Known::Refuse))
        })
    }
}

/// What is registered, read from where it is kept. What to list:
///
/// `all`; `user`, the keys of the user `value`; `key`, the registration of the key `value`, an empty list where it has none;
/// `expiring`, what ends within `value` days, the next first, each with `days_left`; `text`, all in the form of a `file:`
/// registry, a line each.
///
/// @param[in] registry Changed: it keeps the text.
/// @param[in] what One of these words.
/// @param[in] value What it needs; NULL for the others.
/// @param[out] out A JSON array of objects, or the text. Lives until the next list of this registry, or until that is
/// freed. NULL on failure.
/// @param[out] error May be NULL. Written on failure; then owned by the caller.
/// @return `CLIENTCERT_OK`; `CLIENTCERT_IO`, `CLIENTCERT_MALFORMED` and `CLIENTCERT_REGISTRY_UNAVAILABLE` for where the
/// registrations are kept; `CLIENTCERT_NOT_SUPPORTED` where that is with the host; `CLIENTCERT_INVALID_ARGUMENT`.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_list(
    registry: *mut clientcert_registry,
    what: *const c_char,
    value: *const c_char,
    out: *mut *const c_char,
    error: *mut *mut clientcert_error,
) -> i32 {
    // SAFETY: the header's contract for handles, texts and places to write to.
    unsafe {
        guard_status(error, || {
            write(out, std::ptr::null());
            let (what, value) = (text(what, "what")?, optional(value, "value")?);
            let handle = borrow_mut(registry).ok_or(null("registry"))?;
            if out.is_null() {
                return Err(null("out"));
            }
            handle.lent = c_text(&list(&handle.registry, what, value)?);
            write(out, handle.lent.as_ptr());
            Ok(())
        })
    }
}

/// The audit records of the last change that was made through this handle.
///
/// @param[in] registry Borrowed.
/// @return A JSON array of objects with `time`, `actor`, `action`, `user`, `key`, `label` and `detail`; empty where the
/// last change failed. Lives until the next change through this handle. NULL for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_registry_audit(registry: *const clientcert_registry) -> *const c_char {
    guard(std::ptr::null(), || {
        // SAFETY: the header's contract for handles.
        unsafe { borrow(registry) }.map_or(std::ptr::null(), |registry| registry.audit.as_ptr())
    })
}

/// Whether a token is bound to the certificate of this client (RFC 8705 section 3). The host has verified the token.
///
/// It says that the client is the one to whom the token was given, not who that is: with a policy that accepts every
/// certificate, that is all there is to it. Nothing is confirmed for a verdict that is not accepted.
///
/// @param[in] verdict Borrowed.
/// @param[in] confirmation `length` bytes: the JSON of the token's `cnf`, with `x5t#S256` and nothing else, or the value of
/// that alone.
/// @param[in] length In bytes.
/// @return 1 where it is; else 0, and for NULL.
/// @since 1
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clientcert_verdict_confirms(
    verdict: *const clientcert_verdict,
    confirmation: *const u8,
    length: usize,
) -> i32 {
    guard(0, || {
        // SAFETY: the header's contract for handles and buffers.
        let (verdict, confirmation) = unsafe { (borrow(verdict), bytes(confirmation, length, "confirmation")) };
        let confirmation = confirmation.ok().and_then(|bytes| std::str::from_utf8(bytes).ok());
        i32::from(verdict.zip(confirmation).is_some_and(|(verdict, confirmation)| verdict.confirms(confirmation)))
    })
}

/// A text that may be left out.
///
/// # Safety
///
/// As [`text`].
unsafe fn optional<'a>(value: *const c_char, argument: &'static str) -> Result<Option<&'a str>, Error> {
    match value.is_null() {
        true => Ok(None),
        // SAFETY: passed on from the caller.
        false => unsafe { text(value, argument) }.map(Some),
    }
}

fn key_of(text: &str) -> Result<RegisteredKey, Error> {
    let problem = "not `spki:sha256:` or `cert:sha256:` with 32 bytes in hexadecimal, base64 or base64url";
    text.parse().map_err(|_| Error::InvalidArgument { argument: "key", problem })
}

/// Takes `by` out of fields.
fn split_fields(fields: Option<&str>) -> Result<(Form, String), Error> {
    let invalid = |problem| Error::InvalidArgument { argument: "fields", problem };
    let mut object: serde_json::Map<String, Value> =
        serde_json::from_str(fields.unwrap_or("{}")).map_err(|_| invalid("not a JSON object"))?;
    let form = match object.remove("by") {
        None => Form::Spki,
        Some(Value::String(by)) if by == "spki" => Form::Spki,
        Some(Value::String(by)) if by == "certificate" => Form::Certificate,
        Some(_) => return Err(invalid("`by` is neither `spki` nor `certificate`")),
    };
    Ok((form, Value::Object(object).to_string()))
}

fn list(registry: &Registry, what: &str, value: Option<&str>) -> Result<String, Error> {
    let array = |all: &mut dyn Iterator<Item = Value>| Ok(all.collect::<Value>().to_string());
    match (what, value) {
        ("all", None) => array(&mut registry.list(None)?.iter().map(Registration::to_json)),
        ("user", Some(user)) => array(&mut registry.list(Some(user))?.iter().map(Registration::to_json)),
        ("key", Some(key)) => array(&mut registry.find(&key_of(key)?)?.iter().map(Registration::to_json)),
        ("expiring", Some(days)) => {
            let problem = "not a number of days";
            let days = days.parse().map_err(|_| Error::InvalidArgument { argument: "value", problem })?;
            array(&mut registry.expiring(days, unix_now())?.into_iter().map(|(registration, left)| {
                let mut object = registration.to_json();
                object["days_left"] = left.into();
                object
            }))
        }
        ("text", None) => registry.export_text(),
        ("all" | "text", Some(_)) => {
            Err(Error::InvalidArgument { argument: "value", problem: "not NULL, and the list takes none" })
        }
        ("user" | "key" | "expiring", None) => Err(null("value")),
        _ => Err(Error::InvalidArgument { argument: "what", problem: "no list" }),
    }
}

//! clientcert: who is a TLS client according to its certificate, and may this go on?
//!
//! A host (a TLS server in any language) makes a configuration out of names and values, compiles it to a verifier,
//! hands each presented chain to the verifier, and gets a verdict. The library speaks no TLS and opens no socket: the
//! TLS stack proves that the client holds the key, this library decides what that key means. A certificate that nobody
//! proved possession of authenticates nobody.
//!
//! ```c
//! clientcert_error *error = NULL;
//! clientcert_config *config = clientcert_config_new();
//! clientcert_verifier *verifier = NULL;
//!
//! if (clientcert_config_set(config, "mode", "optional", &error) != CLIENTCERT_OK ||
//!     clientcert_config_set(config, "ca", "/etc/ssl/clients-ca.pem", &error) != CLIENTCERT_OK ||
//!     clientcert_verifier_new(config, &verifier, &error) != CLIENTCERT_OK) {
//!     fprintf(stderr, "%s\n", clientcert_error_message(error));
//!     clientcert_error_free(error);
//!     exit(1);
//! }
//! clientcert_config_free(config);
//!
//! clientcert_verdict *verdict = clientcert_verify(verifier, chain, length, CLIENTCERT_NOW);
//! if (clientcert_verdict_verified(verdict))
//!     printf("hello %s\n", clientcert_verdict_get(verdict, "ssl_client_s_dn", NULL));
//! clientcert_verdict_free(verdict);
//! ```
//!
//! What holds for every function:
//!
//! Two worlds. A call fails with a status that is not `CLIENTCERT_OK`, for instance because a file cannot be read. A
//! client fails with a verdict; that is no error of the call. No status says OK beside a verdict that says no, and
//! `clientcert_verify` has no status at all: it always returns a verdict.
//!
//! Fail closed. Treat every value that this header does not name, of a status, an outcome, a mode or a reason, as a
//! refusal: later versions add values, and never change the meaning of one.
//!
//! Ownership. What a function whose name ends in `_new`, `_ref` or `_recheck` returns, `clientcert_verify`,
//! `clientcert_verify_forwarded`, `clientcert_verdict_ocsp_response`, `clientcert_session_resume`,
//! `clientcert_ticket_redeem`, `clientcert_decide`, `clientcert_verifier_policy`, `clientcert_policy_crl_report`, and what
//! a function stores through `out` or `error`, belongs to the caller, who passes it to the `_free` of its type once.
//! Everything else that is returned is lent: it lives as long as the handle it came from, unless its function says less,
//! and texts that come from no handle live as long as the process. The library keeps no pointer to what it was given:
//! every argument may be freed or changed after the call. Nothing is ever passed to `free()`.
//!
//! NULL. A handle or buffer that is NULL crashes nothing. A call with a status answers `CLIENTCERT_INVALID_ARGUMENT`,
//! a verdict that is NULL reads like one that is FAILED for `internal_error`, and for the rest each function says what
//! it returns. A buffer may be NULL where its length is 0. `error` and `length` may always be NULL: then the caller
//! does not learn what they would have told. `_free(NULL)` does nothing.
//!
//! Errors. `error` is written only where the call fails, and then points to a new error object. Set it to NULL before
//! the first call, and free the object before the next.
//!
//! Text is UTF-8 and ends with NUL, in both directions. What may hold a NUL of its own or no UTF-8 at all, because a
//! client put it there, comes with a `length` that does not count the last NUL: with one, use it.
//!
//! Threads. `const` in front of a handle means that the call does not change it, and that any number of threads may
//! make it at the same time, with the same handle. Where it is missing, the caller sees to it that no other thread
//! uses the handle. Handles belong to no thread, and nothing is kept by thread. The library starts no threads.
//!
//! Fork. Handles that were made before `fork()` work in the parent and in every child. As after any fork of a process
//! with several threads, no other thread should be inside of the library at that moment.
//!
//! Signals. The library installs no handlers, and none of its functions may be called from one.
//!
//! Files are read only by `clientcert_config_load`, `clientcert_verifier_new`, `clientcert_verifier_reload`,
//! `clientcert_verifier_refresh` and what works on a registry, and none is kept open. A database of registrations is asked
//! by the same functions, with timeouts; a connection to PostgreSQL is kept, belongs to the process that made it, and a
//! child makes its own. A verification reads the clock and nothing else.
//!
//! Panics. A failure inside of the library does not unwind into the caller: it becomes `CLIENTCERT_INTERNAL`, a FAILED
//! verdict, or the refusing value that each function names, and leaves a message on standard error. Where the system
//! has no memory left, the process is aborted.
//!
//! Loading. The library works without an initialisation, and stays in the process once it is loaded (`dlclose` does
//! not unmap it). Versions: the soname is `libclientcert.so.1`; a function is never removed and never changes under
//! it, and "since" names the level of `clientcert_abi_version` that brought it.
//!
//! Other languages. The interface is handles, integers of fixed width, `size_t`, and pointers with lengths; nothing
//! needs a macro. `bindings/clientcert.cdef.h` is this file for parsers without a preprocessor: Python's cffi, LuaJIT,
//! PHP's FFI.

#![allow(unsafe_code, reason = "the only room where pointers of strangers come in")]
#![allow(non_camel_case_types, reason = "the types have their names in C")]

mod config;
mod crls;
mod decision;
mod error;
mod forwarded;
mod guard;
mod ocsp;
mod pointer;
mod policy;
mod reason;
mod registry;
mod request;
mod session;
mod text;
mod ticket;
mod verdict;
mod verifier;
mod version;

/**
 * clientcert: who is a TLS client according to its certificate, and may this go on?
 *
 * A host (a TLS server in any language) makes a configuration out of names and values, compiles it to a verifier,
 * hands each presented chain to the verifier, and gets a verdict. The library speaks no TLS and opens no socket: the
 * TLS stack proves that the client holds the key, this library decides what that key means. A certificate that nobody
 * proved possession of authenticates nobody.
 *
 *     clientcert_error *error = NULL;
 *     clientcert_config *config = clientcert_config_new();
 *     clientcert_verifier *verifier = NULL;
 *
 *     if (clientcert_config_set(config, "mode", "optional", &error) != CLIENTCERT_OK ||
 *         clientcert_config_set(config, "ca", "/etc/ssl/clients-ca.pem", &error) != CLIENTCERT_OK ||
 *         clientcert_verifier_new(config, &verifier, &error) != CLIENTCERT_OK) {
 *         fprintf(stderr, "%s\n", clientcert_error_message(error));
 *         clientcert_error_free(error);
 *         exit(1);
 *     }
 *     clientcert_config_free(config);
 *
 *     clientcert_verdict *verdict = clientcert_verify(verifier, chain, length, CLIENTCERT_NOW);
 *     if (clientcert_verdict_verified(verdict))
 *         printf("hello %s\n", clientcert_verdict_get(verdict, "ssl_client_s_dn", NULL));
 *     clientcert_verdict_free(verdict);
 *
 * What holds for every function:
 *
 * Two worlds. A call fails with a status that is not `CLIENTCERT_OK`, for instance because a file cannot be read. A
 * client fails with a verdict; that is no error of the call. No status says OK beside a verdict that says no, and
 * `clientcert_verify` has no status at all: it always returns a verdict.
 *
 * Fail closed. Treat every value that this header does not name, of a status, an outcome, a mode or a reason, as a
 * refusal: later versions add values, and never change the meaning of one.
 *
 * Ownership. What a function whose name ends in `_new`, `_ref` or `_recheck` returns, `clientcert_verify`,
 * `clientcert_verify_forwarded`, `clientcert_verdict_ocsp_response`, `clientcert_session_resume`,
 * `clientcert_ticket_redeem`, `clientcert_decide`, `clientcert_verifier_policy`, `clientcert_policy_crl_report`, and what
 * a function stores through `out` or `error`, belongs to the caller, who passes it to the `_free` of its type once.
 * Everything else that is returned is lent: it lives as long as the handle it came from, unless its function says less,
 * and texts that come from no handle live as long as the process. The library keeps no pointer to what it was given:
 * every argument may be freed or changed after the call. Nothing is ever passed to `free()`.
 *
 * NULL. A handle or buffer that is NULL crashes nothing. A call with a status answers `CLIENTCERT_INVALID_ARGUMENT`,
 * a verdict that is NULL reads like one that is FAILED for `internal_error`, and for the rest each function says what
 * it returns. A buffer may be NULL where its length is 0. `error` and `length` may always be NULL: then the caller
 * does not learn what they would have told. `_free(NULL)` does nothing.
 *
 * Errors. `error` is written only where the call fails, and then points to a new error object. Set it to NULL before
 * the first call, and free the object before the next.
 *
 * Text is UTF-8 and ends with NUL, in both directions. What may hold a NUL of its own or no UTF-8 at all, because a
 * client put it there, comes with a `length` that does not count the last NUL: with one, use it.
 *
 * Threads. `const` in front of a handle means that the call does not change it, and that any number of threads may
 * make it at the same time, with the same handle. Where it is missing, the caller sees to it that no other thread
 * uses the handle. Handles belong to no thread, and nothing is kept by thread. The library starts no threads.
 *
 * Fork. Handles that were made before `fork()` work in the parent and in every child. As after any fork of a process
 * with several threads, no other thread should be inside of the library at that moment.
 *
 * Signals. The library installs no handlers, and none of its functions may be called from one.
 *
 * Files are read only by `clientcert_config_load`, `clientcert_verifier_new`, `clientcert_verifier_reload`,
 * `clientcert_verifier_refresh` and what works on a registry, and none is kept open. A database of registrations is asked
 * by the same functions, with timeouts; a connection to PostgreSQL is kept, belongs to the process that made it, and a
 * child makes its own. A verification reads the clock and nothing else.
 *
 * Panics. A failure inside of the library does not unwind into the caller: it becomes `CLIENTCERT_INTERNAL`, a FAILED
 * verdict, or the refusing value that each function names, and leaves a message on standard error. Where the system
 * has no memory left, the process is aborted.
 *
 * Loading. The library works without an initialisation, and stays in the process once it is loaded (`dlclose` does
 * not unmap it). Versions: the soname is `libclientcert.so.1`; a function is never removed and never changes under
 * it, and "since" names the level of `clientcert_abi_version` that brought it.
 *
 * Other languages. The interface is handles, integers of fixed width, `size_t`, and pointers with lengths; nothing
 * needs a macro. `bindings/clientcert.cdef.h` is this file for parsers without a preprocessor: Python's cffi, LuaJIT,
 * PHP's FFI.
 */

#ifndef CLIENTCERT_H
#define CLIENTCERT_H

/* CLIENTCERT_CDEF leaves out what the parsers of run-time binders do not know. */
#ifndef CLIENTCERT_CDEF
#include <stddef.h>
#include <stdint.h>
#endif

/* On functions whose result must not be ignored. */
#if defined(__GNUC__) && !defined(CLIENTCERT_CDEF)
#define CLIENTCERT_MUST_USE __attribute__((warn_unused_result))
#else
#define CLIENTCERT_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Version: which library is this?
 */

/** The version that this header came with. */
typedef enum {
    /** Higher where something that the documentation promises changed. */
    CLIENTCERT_VERSION_MAJOR = 0,
    /** Higher where something was added. */
    CLIENTCERT_VERSION_MINOR = 1,
    /** Higher where something was repaired. */
    CLIENTCERT_VERSION_PATCH = 0,
} clientcert_header_version;

/** The interface that this header describes. */
typedef enum {
    /** The level of the interface: higher by one whenever something was added. Compare with `clientcert_abi_version`. */
    CLIENTCERT_ABI_VERSION = 1,
} clientcert_interface;

/**
 * The version of the library that was loaded, such as `1.2.3`; `CLIENTCERT_VERSION_MAJOR`, `CLIENTCERT_VERSION_MINOR`
 * and `CLIENTCERT_VERSION_PATCH` are the version that this header came with.
 *
 * @return Never NULL. Lives as long as the process.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_version(void);

/**
 * The level of the interface of the library that was loaded. One that is lower than `CLIENTCERT_ABI_VERSION` lacks
 * functions that this header declares: who loads it at run time refuses it then.
 *
 * @return A positive number.
 * @since 1
 */
CLIENTCERT_MUST_USE uint32_t clientcert_abi_version(void);

/*
 * Errors: why a call failed, as a number and in words.
 */

/**
 * What calls return. Bands: 1 to 15 misuse of the interface, 16 to 31 options, 32 to 47 files, 48 to 63 contents, 64
 * to 79 the library, 80 to 95 the registry.
 */
typedef enum {
    /** The call succeeded. */
    CLIENTCERT_OK = 0,
    /** An argument is NULL, no UTF-8, or a number without meaning. */
    CLIENTCERT_INVALID_ARGUMENT = 1,
    /** There is no option of this name. The message suggests the nearest. */
    CLIENTCERT_UNKNOWN_OPTION = 16,
    /** The option does not take this value. */
    CLIENTCERT_INVALID_VALUE = 17,
    /** The options contradict each other, or would let everybody in. */
    CLIENTCERT_INVALID_CONFIG = 18,
    /** The option needs a part that this build or this version does not have. */
    CLIENTCERT_NOT_SUPPORTED = 19,
    /** A file or folder cannot be read. */
    CLIENTCERT_IO = 32,
    /** A file or buffer is not what it should be: no PEM, no DER, no TOML. */
    CLIENTCERT_MALFORMED = 48,
    /** A file, folder or buffer holds no certificate. */
    CLIENTCERT_NO_CERTIFICATE = 49,
    /** A certificate cannot serve as a CA here. */
    CLIENTCERT_UNUSABLE_ANCHOR = 50,
    /** A file, folder or buffer holds no CRL. */
    CLIENTCERT_NO_CRL = 51,
    /** A CRL is not by the issuer that it names, or may not be. */
    CLIENTCERT_UNUSABLE_CRL = 52,
    /** The library failed inside. */
    CLIENTCERT_INTERNAL = 64,
    /** The key is registered already, and not like this. The message does not say to whom. */
    CLIENTCERT_KEY_TAKEN = 80,
    /** The key was revoked, which is for good. */
    CLIENTCERT_KEY_REVOKED = 81,
    /** There is no registration of this key, or of this user. */
    CLIENTCERT_NOT_REGISTERED = 82,
    /** What was presented does not entitle to the change. */
    CLIENTCERT_NOT_ENTITLED = 83,
    /** The registry is out of reach, or busy for too long. */
    CLIENTCERT_REGISTRY_UNAVAILABLE = 84,
} clientcert_status;

/** Why one call failed. Immutable; owned by the caller; free it with `clientcert_error_free`. */
typedef struct clientcert_error clientcert_error;

/**
 * The name of a status, such as `invalid_value`.
 *
 * @param[in] status A `CLIENTCERT_` status.
 * @return Never NULL; `unknown` for a number that is no status. Lives as long as the process.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_status_name(int32_t status);

/**
 * The status of an error: the same that the call returned.
 *
 * @param[in] error May be NULL.
 * @return A `CLIENTCERT_` status, never `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_error_status(const clientcert_error *error);

/**
 * What went wrong, in English: with the name of the option, and the file with its line or the byte where there is
 * one. It is meant for people and their logs; programs compare the status.
 *
 * @param[in] error May be NULL.
 * @return Never NULL; empty for NULL. Lives as long as the error.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_error_message(const clientcert_error *error);

/**
 * Frees an error.
 *
 * @param[in] error Taken. NULL does nothing.
 * @since 1
 */
void clientcert_error_free(clientcert_error *error);

/*
 * Config: options by name and value, until they are compiled to a verifier.
 *
 * An option has one name in every language and in configuration files. The functions `clientcert_option_` list them
 * all as `clientcert_config_set` takes them; `docs/options.md` is the same list with more words.
 */

/**
 * Options that are being collected. Owned by the caller, used by one thread at a time; free it with
 * `clientcert_config_free`, which may be done as soon as the verifier is made. After `CLIENTCERT_INTERNAL` it refuses
 * everything.
 */
typedef struct clientcert_config clientcert_config;

/**
 * Makes a config in which every option has its default.
 *
 * @return Owned by the caller. NULL only where the library failed inside; every call takes that NULL and refuses.
 * @since 1
 */
CLIENTCERT_MUST_USE clientcert_config *clientcert_config_new(void);

/**
 * Frees a config.
 *
 * @param[in] config Taken. NULL does nothing.
 * @since 1
 */
void clientcert_config_free(clientcert_config *config);

/**
 * Sets an option. The last setting counts, except that those of `ca` add up. A word of another system, such as
 * nginx's `on` or Go's `RequireAndVerifyClientCert`, also sets what it implies there, unless that is set by its own
 * name.
 *
 * The value is checked by itself. Whether the options fit together, and whether files can be read, is found out when
 * the verifier is made.
 *
 * @param[in,out] config Changed only where the call succeeds.
 * @param[in] name The option, such as `mode`, or another system's name for it, such as `ssl_verify_client`. Case does
 * not count, nor does `-` for `_`.
 * @param[in] value The value as text, such as `optional`; numbers in decimal; lists with commas.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_UNKNOWN_OPTION`; `CLIENTCERT_INVALID_VALUE`; for PEM in the value of `ca` the
 * statuses of `clientcert_config_set_bytes`; `CLIENTCERT_INVALID_ARGUMENT` where a pointer is NULL or a text is not
 * UTF-8.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_config_set(clientcert_config *config,
                              const char *name,
                              const char *value,
                              clientcert_error **error);

/**
 * Adds certificates held in memory to an option that takes certificates, such as `ca`.
 *
 * @param[in,out] config Changed only where the call succeeds.
 * @param[in] name The option.
 * @param[in] data `length` bytes, which are copied: PEM, or DER one after the other. May be NULL where `length` is 0.
 * @param[in] length In bytes.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_UNKNOWN_OPTION`; `CLIENTCERT_INVALID_VALUE` where the option takes no
 * certificates; `CLIENTCERT_MALFORMED` and `CLIENTCERT_NO_CERTIFICATE` for the bytes; `CLIENTCERT_INVALID_ARGUMENT`
 * where a pointer is NULL or `name` is not UTF-8.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_config_set_bytes(clientcert_config *config,
                                    const char *name,
                                    const uint8_t *data,
                                    size_t length,
                                    clientcert_error **error);

/**
 * Sets the options that a TOML file holds, in the order of the file. A relative path in it is relative to its folder.
 * Reads the file.
 *
 * @param[in,out] config Changed only where the call succeeds.
 * @param[in] path UTF-8. A relative one starts at the working directory.
 * @param[out] error May be NULL. Written on failure, with the line; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_IO`; `CLIENTCERT_MALFORMED` where it is no TOML; the statuses of
 * `clientcert_config_set` for what is in it; `CLIENTCERT_INVALID_ARGUMENT` where a pointer is NULL or `path` is not
 * UTF-8.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_config_load(clientcert_config *config,
                               const char *path,
                               clientcert_error **error);

/**
 * All options as a TOML file that `clientcert_config_load` reads: those that differ from their defaults, and the
 * others as comments. Certificates in memory are written as PEM.
 *
 * @param[in,out] config Keeps the text. NULL has none.
 * @param[out] length May be NULL. In bytes, without the last NUL.
 * @return Lives until the next call with this config. NULL, and a length of 0, for a NULL config or where the library
 * failed inside.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_config_dump(clientcert_config *config, size_t *length);

/**
 * How many options there are.
 *
 * @return The indices of the next four functions are below it.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_option_count(void);

/**
 * The name of an option.
 *
 * @param[in] index Below `clientcert_option_count()`.
 * @return Lives as long as the process. NULL for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_option_name(size_t index);

/**
 * What an option takes, in a few words: the words of a choice, or a kind and its unit.
 *
 * @param[in] index Below `clientcert_option_count()`.
 * @return Lives as long as the process. NULL for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_option_type(size_t index);

/**
 * The default of an option, as `clientcert_config_set` would take it.
 *
 * @param[in] index Below `clientcert_option_count()`.
 * @return Empty where nothing is set. Lives as long as the process. NULL for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_option_default(size_t index);

/**
 * What an option does, on one line.
 *
 * @param[in] index Below `clientcert_option_count()`.
 * @return Lives as long as the process. NULL for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_option_help(size_t index);

/*
 * Verifier: the policy in force, for every thread of the host.
 */

/** What `clientcert_verifier_statistic` can count, each since the policy in force was made. */
typedef enum {
    /** Verifications that were answered from memory: the same bytes, the same policy. */
    CLIENTCERT_STATISTIC_HITS = 0,
    /** Verifications that were done. */
    CLIENTCERT_STATISTIC_MISSES = 1,
    /** Verdicts that are remembered now. */
    CLIENTCERT_STATISTIC_ENTRIES = 2,
    /** Verdicts that were forgotten to make room for others. */
    CLIENTCERT_STATISTIC_EVICTIONS = 3,
    /** Verdicts that were remembered, for however long. */
    CLIENTCERT_STATISTIC_INSERTIONS = 4,
    /** Verdicts that there is room for. */
    CLIENTCERT_STATISTIC_CAPACITY = 5,
} clientcert_statistic;

/**
 * The policy in force, its swap at a reload, and what is remembered of verified chains. Counted: free every reference
 * with `clientcert_verifier_free`. Safe for threads: all functions take it as `const`.
 */
typedef struct clientcert_verifier clientcert_verifier;

/**
 * Makes a verifier out of a config. Reads the files that the options name.
 *
 * @param[in] config Borrowed; the verifier keeps what it needs.
 * @param[out] out Owned by the caller. NULL on failure.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_CONFIG` where options contradict each other or nobody could ever be
 * accepted; `CLIENTCERT_IO`, `CLIENTCERT_MALFORMED`, `CLIENTCERT_NO_CERTIFICATE` and `CLIENTCERT_UNUSABLE_ANCHOR` for
 * the files; `CLIENTCERT_NOT_SUPPORTED`; `CLIENTCERT_INVALID_ARGUMENT` where `config` or `out` is NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_verifier_new(const clientcert_config *config,
                                clientcert_verifier **out,
                                clientcert_error **error);

/**
 * One more reference to a verifier: cheap, and safe for threads.
 *
 * @param[in] verifier May be NULL.
 * @return The same verifier, to be freed once more. NULL for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE clientcert_verifier *clientcert_verifier_ref(const clientcert_verifier *verifier);

/**
 * Frees one reference to a verifier. Verdicts and policies that came from it stay as they are.
 *
 * @param[in] verifier Taken. NULL does nothing.
 * @since 1
 */
void clientcert_verifier_free(clientcert_verifier *verifier);

/**
 * Reads all files again and puts the new policy in force, whole: verifications that are under way end under the old
 * one. On failure the old policy stays in force. Reads files.
 *
 * @param[in] verifier Borrowed.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; the statuses of `clientcert_verifier_new`.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verifier_reload(const clientcert_verifier *verifier, clientcert_error **error);

/**
 * Does what `clientcert_verifier_reload` does, but only if a file or folder changed. It looks once a second at most,
 * so that it may be called for every connection; a call within that second, or while another thread is at it, does
 * nothing.
 *
 * Looks at names, dates and sizes, and reads the files where those changed. On failure the registrations of the registry
 * change all the same, where it can be read, or has been out of reach for longer than `registry_max_age`.
 *
 * @param[in] verifier Borrowed.
 * @param[out] changed May be NULL. 1 where a new policy is in force, else 0.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`, also where nothing changed; the statuses of `clientcert_verifier_new`.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_verifier_refresh(const clientcert_verifier *verifier,
                                    int32_t *changed,
                                    clientcert_error **error);

/**
 * How many bytes `clientcert_verifier_refresh` would have to read now, at most, for hosts that call it from an event loop
 * where that is little, and from a thread where it is much or a database has to be asked.
 *
 * It looks at names, dates and sizes, at every call; it opens no file and asks nobody. A file that was read right after it
 * was written has to be read again. Files that a changed file of registrations names for the first time do not count.
 *
 * @param[in] verifier Borrowed.
 * @return 0 where it would find nothing changed; else the sizes of all files that the policy is made of, and 1 at least,
 * also where one is missing. `UINT64_MAX` where it would ask a database, and for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
uint64_t clientcert_verifier_unread(const clientcert_verifier *verifier);

/**
 * One of the numbers that tell how the verifier is doing.
 *
 * @param[in] verifier Borrowed. NULL has only zeros.
 * @param[in] which A `CLIENTCERT_STATISTIC_`.
 * @return The number; 0 for a `which` that is none.
 * @since 1
 */
CLIENTCERT_MUST_USE uint64_t clientcert_verifier_statistic(const clientcert_verifier *verifier, int32_t which);

/*
 * Policy: what was in force at one moment, for the handshake of the host.
 *
 * A host asks for the policy where it starts a handshake: whether to request a certificate, which CAs to name, and
 * with which identity to mark the sessions that it lets clients resume.
 */

/** What happens in the handshake. */
typedef enum {
    /** Do not ask for a certificate. */
    CLIENTCERT_MODE_OFF = 0,
    /** Ask. None is fine; one that is bad is not. */
    CLIENTCERT_MODE_OPTIONAL = 1,
    /** Ask. None is fine, and so is one that fails for what `tolerate` names. */
    CLIENTCERT_MODE_OPTIONAL_NO_CA = 2,
    /** Ask, and insist on a good one. */
    CLIENTCERT_MODE_REQUIRE = 3,
    /** Ask. Nothing is verified but the form: the outcome is FAILED and the connection goes on. */
    CLIENTCERT_MODE_REQUEST_ANY = 4,
    /** Ask and insist. Nothing is verified but the form: the outcome is FAILED and the connection goes on. */
    CLIENTCERT_MODE_REQUIRE_ANY = 5,
    /** Do not ask in the first handshake; ask when a request needs it. */
    CLIENTCERT_MODE_DEFERRED = 6,
} clientcert_mode;

/** Where a client that is not accepted notices it. */
typedef enum {
    /** The handshake completes, and every request is answered by a refusal that a person can read. */
    CLIENTCERT_ENFORCEMENT_REQUEST = 0,
    /** The handshake ends with a TLS alert. */
    CLIENTCERT_ENFORCEMENT_HANDSHAKE = 1,
} clientcert_enforcement;

/**
 * A snapshot of the policy, which no reload changes. Owned by the caller; immutable and safe for threads; free it
 * with `clientcert_policy_free`. It may outlive its verifier.
 */
typedef struct clientcert_policy clientcert_policy;

/**
 * The policy that is in force now.
 *
 * @param[in] verifier Borrowed.
 * @return Owned by the caller. NULL for NULL, or where the library failed inside; a host that gets NULL has no policy
 * and refuses.
 * @since 1
 */
CLIENTCERT_MUST_USE clientcert_policy *clientcert_verifier_policy(const clientcert_verifier *verifier);

/**
 * Frees a policy.
 *
 * @param[in] policy Taken. NULL does nothing.
 * @since 1
 */
void clientcert_policy_free(clientcert_policy *policy);

/**
 * What happens in the handshake.
 *
 * @param[in] policy Borrowed.
 * @return A `CLIENTCERT_MODE_`; `CLIENTCERT_MODE_REQUIRE` for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_policy_mode(const clientcert_policy *policy);

/**
 * Where a client that is not accepted notices it.
 *
 * @param[in] policy Borrowed.
 * @return A `CLIENTCERT_ENFORCEMENT_`; `CLIENTCERT_ENFORCEMENT_HANDSHAKE` for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_policy_enforcement(const clientcert_policy *policy);

/**
 * The identity of the policy: 32 bytes that are the same for the same options and files, in every process, and differ
 * where anything differs that decides. Put it into the session id context, or the sessions of one policy will be
 * resumed under another.
 *
 * @param[in] policy Borrowed.
 * @param[out] length May be NULL. 32.
 * @return Lives as long as the policy. NULL, and a length of 0, for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE const uint8_t *clientcert_policy_identity(const clientcert_policy *policy, size_t *length);

/**
 * How many warnings the files and options gave: what is accepted, but should be seen to.
 *
 * @param[in] policy Borrowed.
 * @return 0 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_policy_warning_count(const clientcert_policy *policy);

/**
 * A warning, in English, with the file that it is about.
 *
 * @param[in] policy Borrowed.
 * @param[in] index Below `clientcert_policy_warning_count`.
 * @return Lives as long as the policy. NULL for any other index or a NULL policy.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_policy_warning(const clientcert_policy *policy, size_t index);

/**
 * How many CAs to name in a CertificateRequest, so that a client picks the right certificate. None where `ca_hints`
 * is `none`, and where all names together are too large for one.
 *
 * @param[in] policy Borrowed.
 * @return 0 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_policy_ca_name_count(const clientcert_policy *policy);

/**
 * The name of a CA to ask for.
 *
 * @param[in] policy Borrowed.
 * @param[in] index Below `clientcert_policy_ca_name_count`.
 * @param[out] length May be NULL. In bytes.
 * @return A DER Name (RFC 5280 section 4.1.2.4), as certificate_authorities (RFC 8446 section 4.2.4) and the
 * CertificateRequest of TLS 1.2 hold it, without their length in front. Lives as long as the policy. NULL, and a
 * length of 0, for any other index or a NULL policy.
 * @since 1
 */
CLIENTCERT_MUST_USE
const uint8_t *clientcert_policy_ca_name(const clientcert_policy *policy,
                                         size_t index,
                                         size_t *length);

/*
 * CRLs in use: what an operator watches, and a monitoring system collects.
 *
 * A report is taken of a policy at a moment, and does not change afterwards.
 */

/**
 * The state of the CRLs of a policy at one moment. Owned by the caller; immutable and safe for threads; free it with
 * `clientcert_crl_report_free`. It may outlive the policy.
 */
typedef struct clientcert_crl_report clientcert_crl_report;

/**
 * Takes a report of the CRLs that a policy looks certificates up in.
 *
 * @param[in] policy Borrowed.
 * @param[in] time The moment for ages, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
 * @return Owned by the caller. NULL for NULL, or where the library failed inside.
 * @since 1
 */
CLIENTCERT_MUST_USE clientcert_crl_report *clientcert_policy_crl_report(const clientcert_policy *policy, int64_t time);

/**
 * How many CRLs there are. 0 where CRLs are not looked at.
 *
 * @param[in] report Borrowed.
 * @return 0 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_crl_report_count(const clientcert_crl_report *report);

/**
 * An attribute of a CRL, by name: `issuer` (RFC 4514), `number` (upper-case hexadecimal), `this_update` and
 * `next_update` (RFC 3339), `delta` and `verified` (`1` or `0`), `entries`, `memory` (bytes), `source` (the file with
 * the line, or the number of the CRL in it), `age` and `seconds_left` (seconds; negative for a CRL from the future, and
 * for one that has expired).
 *
 * @param[in] report Borrowed.
 * @param[in] index Below `clientcert_crl_report_count`; the CRLs of one issuer stand together, newest first.
 * @param[in] name Text.
 * @param[out] length May be NULL. In bytes.
 * @return Lives as long as the report. NULL, and a length of 0, where the CRL has no such attribute, for any other
 * index, and for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
const char *clientcert_crl_report_get(const clientcert_crl_report *report,
                                      size_t index,
                                      const char *name,
                                      size_t *length);

/**
 * The whole report as OpenMetrics 1.0 text, for a `/metrics` page: gauges whose names begin with `clientcert_crl_`.
 *
 * @param[in] report Borrowed.
 * @param[out] length May be NULL. In bytes.
 * @return Lives as long as the report. NULL, and a length of 0, for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_crl_report_metrics(const clientcert_crl_report *report, size_t *length);

/**
 * Frees a report.
 *
 * @param[in] report Taken. NULL does nothing.
 * @since 1
 */
void clientcert_crl_report_free(clientcert_crl_report *report);

/*
 * Verdict: who the client is, and whether this may go on.
 */

/** What became of the client. */
typedef enum {
    /** The client presented no certificate. */
    CLIENTCERT_NONE = 0,
    /** The certificate is good under the policy. */
    CLIENTCERT_SUCCESS = 1,
    /** The certificate is not good, or was not verified. */
    CLIENTCERT_FAILED = 2,
} clientcert_outcome;

/** Special moments. */
typedef enum {
    /**
     * The moment of the call, by the system's clock. As a time it would be a second of December 1901, before there
     * were certificates; it is the least number that every language reads alike as an enumerator, and not -1, which a
     * failed `mktime` returns.
     */
    CLIENTCERT_NOW = -2147483647,
} clientcert_time;

/** Special values of `clientcert_verdict_reason_certificate`. */
typedef enum {
    /** No certificate is to blame. */
    CLIENTCERT_CULPRIT_NONE = -1,
    /** The pinned CA at the end of the path. */
    CLIENTCERT_CULPRIT_ANCHOR = -2,
} clientcert_culprit;

/**
 * The outcome for one presented chain. Immutable and safe for threads; counted: free every reference with
 * `clientcert_verdict_free`. It may outlive its verifier.
 */
typedef struct clientcert_verdict clientcert_verdict;

/**
 * Says who a client is by the certificates that it presented.
 *
 * The host must have had the TLS stack check that the client holds the key of the first certificate.
 *
 * @param[in] verifier Borrowed. NULL gives a verdict that is FAILED for `internal_error`.
 * @param[in] chain `length` bytes: the certificates in DER one after the other, as the client sent them, its own
 * first; PEM is recognised. May be NULL where `length` is 0; else NULL gives a verdict that is FAILED for
 * `internal_error`.
 * @param[in] length In bytes; 0 says that the client presented none.
 * @param[in] time The moment to verify for, in seconds since 1970-01-01T00:00:00Z (may be negative), or
 * `CLIENTCERT_NOW`.
 * @return Owned by the caller. Never NULL: where the library fails inside, it is FAILED for `internal_error`.
 * @since 1
 */
CLIENTCERT_MUST_USE
clientcert_verdict *clientcert_verify(const clientcert_verifier *verifier,
                                      const uint8_t *chain,
                                      size_t length,
                                      int64_t time);

/**
 * Whether a verdict still holds, for a connection that lasts or a session that is resumed: the pinned CAs, the CRLs, the
 * dates and the options that are in force now are looked at again, on the path that was accepted.
 *
 * No signature is checked, so it costs microseconds, and nothing where neither the policy nor an answer has changed.
 * What is not `CLIENTCERT_SUCCESS` never becomes it: for that, verify what was presented.
 *
 * @param[in] verifier Borrowed. NULL gives a verdict that is FAILED for `internal_error`.
 * @param[in] verdict Borrowed, and not changed. NULL gives a verdict that is FAILED for `internal_error`.
 * @param[in] time The moment to look at it for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
 * @return Owned by the caller: the same verdict with one more reference, or a new one. Never NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
clientcert_verdict *clientcert_verdict_recheck(const clientcert_verifier *verifier,
                                               const clientcert_verdict *verdict,
                                               int64_t time);

/**
 * Completes a verdict that asks the host whose a key is (`registry` is `external`, and the reason `registration_pending`).
 *
 * The variable `pending_fingerprint` is what to look up: `spki:sha256:` and the SHA-256 of the key; where certificates
 * are registered as such, `fingerprint_sha256` is the other name to look for. The host looks it up as it likes, and says
 * here what it found. What it says counts for this verdict alone: the next connection asks again. Its registration is
 * judged as any other, with its dates and whether it is disabled or revoked.
 *
 * @param[in] verifier Borrowed. NULL gives a verdict that is FAILED for `internal_error`.
 * @param[in] verdict Borrowed, and not changed. NULL gives a verdict that is FAILED for `internal_error`.
 * @param[in] answer `length` bytes of UTF-8: a JSON object with `user`, and perhaps `label`, `disabled`, `revoked`,
 * `not_before`, `not_after` (Unix seconds, or text of RFC 3339), `no_manage`, `key`, `ca`; or a line as in a file of
 * registrations; or `null`, which says that the key is not registered. Anything else, about another key, NULL or of
 * length 0, is no answer: the new verdict is FAILED for `registry_unavailable`.
 * @param[in] length In bytes.
 * @param[in] time The moment to judge for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
 * @return Owned by the caller: a new verdict, or the same with one more reference where it asks nothing. Never NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
clientcert_verdict *clientcert_verdict_resolve(const clientcert_verifier *verifier,
                                               const clientcert_verdict *verdict,
                                               const uint8_t *answer,
                                               size_t length,
                                               int64_t time);

/**
 * One more reference to a verdict: cheap, and safe for threads.
 *
 * @param[in] verdict May be NULL.
 * @return The same verdict, to be freed once more. NULL for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE clientcert_verdict *clientcert_verdict_ref(const clientcert_verdict *verdict);

/**
 * Frees one reference to a verdict.
 *
 * @param[in] verdict Taken. NULL does nothing.
 * @since 1
 */
void clientcert_verdict_free(clientcert_verdict *verdict);

/**
 * Whether the client is authenticated: the question that protects a page.
 *
 * @param[in] verdict Borrowed.
 * @return 1 where the outcome is `CLIENTCERT_SUCCESS`, else 0; 0 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verdict_verified(const clientcert_verdict *verdict);

/**
 * Whether the connection may go on under the mode. This is no authentication: it is 1 for a client without a
 * certificate where the mode makes that optional, and for whatever else the policy tolerates.
 *
 * @param[in] verdict Borrowed.
 * @return 1 or 0; 0 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verdict_accepted(const clientcert_verdict *verdict);

/**
 * What became of the client.
 *
 * @param[in] verdict Borrowed.
 * @return `CLIENTCERT_NONE`, `CLIENTCERT_SUCCESS` or `CLIENTCERT_FAILED`; the last for NULL. Treat any other value as
 * `CLIENTCERT_FAILED`.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verdict_outcome(const clientcert_verdict *verdict);

/**
 * How many reasons there are: everything that is wrong, not only the first that was found.
 *
 * @param[in] verdict Borrowed. NULL has one, `internal_error`.
 * @return 0 where the outcome is `CLIENTCERT_SUCCESS`, or `CLIENTCERT_NONE` and accepted.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_verdict_reason_count(const clientcert_verdict *verdict);

/**
 * The code of a reason. The first is the primary one: what a person should fix first. The others follow in the same
 * order of urgency.
 *
 * @param[in] verdict Borrowed.
 * @param[in] index Below `clientcert_verdict_reason_count`.
 * @return A `CLIENTCERT_REASON_`; 0, which is no code, for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verdict_reason(const clientcert_verdict *verdict, size_t index);

/**
 * How far the certificate to blame is from the client's own, on the path that was examined.
 *
 * @param[in] verdict Borrowed.
 * @param[in] index Below `clientcert_verdict_reason_count`.
 * @return 0 for the client's own certificate, 1 for its issuer's, and so on; -1 where no certificate is to blame, and
 * for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verdict_reason_depth(const clientcert_verdict *verdict, size_t index);

/**
 * Which certificate is to blame.
 *
 * @param[in] verdict Borrowed.
 * @param[in] index Below `clientcert_verdict_reason_count`.
 * @return The index for `clientcert_verdict_certificate`; `CLIENTCERT_CULPRIT_ANCHOR` for the pinned CA;
 * `CLIENTCERT_CULPRIT_NONE` where no certificate is to blame, and for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verdict_reason_certificate(const clientcert_verdict *verdict, size_t index);

/**
 * Whether `tolerate` lets the connection go on in spite of a reason. The outcome stays `CLIENTCERT_FAILED`.
 *
 * @param[in] verdict Borrowed.
 * @param[in] index Below `clientcert_verdict_reason_count`.
 * @return 1 or 0; 0 for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verdict_reason_tolerated(const clientcert_verdict *verdict, size_t index);

/**
 * What a code alone does not say, in English: the byte where a certificate is malformed, the limit that was passed,
 * the other validator's words.
 *
 * @param[in] verdict Borrowed.
 * @param[in] index Below `clientcert_verdict_reason_count`.
 * @return Lives as long as the verdict. NULL where there is nothing to add, and for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_verdict_reason_detail(const clientcert_verdict *verdict, size_t index);

/**
 * The TLS alert to end the handshake with.
 *
 * @param[in] verdict Borrowed.
 * @param[in] tls_version As on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3; DTLS likewise. A number that is no
 * version counts as TLS 1.3.
 * @return The description of a fatal alert (RFC 8446 section 6.2), by the first reason that is not tolerated; -1
 * where the verdict is accepted; 80, internal_error, for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verdict_alert(const clientcert_verdict *verdict, int32_t tls_version);

/**
 * The number that OpenSSL 3 has for the outcome, as for `SSL_set_verify_result`.
 *
 * @param[in] verdict Borrowed.
 * @return 0, `X509_V_OK`, for `CLIENTCERT_SUCCESS`, and, as in OpenSSL, for `CLIENTCERT_NONE` where that is accepted;
 * else the `X509_V_ERR_` of the primary reason; 1, `X509_V_ERR_UNSPECIFIED`, for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verdict_x509_error(const clientcert_verdict *verdict);

/**
 * The status that nginx has for it, which `error_page` can name.
 *
 * @param[in] verdict Borrowed.
 * @return 0 where the verdict is accepted; 496 for a missing certificate that is required; else 495, also for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_verdict_nginx_status(const clientcert_verdict *verdict);

/**
 * A variable by name: those of nginx (`ssl_client_s_dn`), Apache (`SSL_CLIENT_S_DN`) and HAProxy (`ssl_c_s_dn`), byte
 * for byte, and this library's own; `docs/variables.md` lists them.
 *
 * What depends on the moment, such as the days that a certificate is still valid, is that of the call.
 *
 * @param[in] verdict Borrowed. NULL reads like a verdict that is FAILED for `internal_error`.
 * @param[in] name Case counts.
 * @param[out] length May be NULL. In bytes, without the last NUL.
 * @return Lives as long as the verdict, ends with NUL, and may hold other NULs and anything else that a client likes
 * to put there. NULL, and a length of 0, where there is no such variable, where it has no value for this client, or
 * where `name` is NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
const char *clientcert_verdict_get(const clientcert_verdict *verdict,
                                   const char *name,
                                   size_t *length);

/**
 * A variable by name, as `clientcert_verdict_get` gives it, for a moment. Different texts for different moments are
 * all kept as long as the verdict.
 *
 * @param[in] verdict Borrowed. NULL reads like a verdict that is FAILED for `internal_error`.
 * @param[in] name Case counts.
 * @param[in] time In seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
 * @param[out] length May be NULL. In bytes, without the last NUL.
 * @return As from `clientcert_verdict_get`.
 * @since 1
 */
CLIENTCERT_MUST_USE
const char *clientcert_verdict_get_at(const clientcert_verdict *verdict,
                                      const char *name,
                                      int64_t time,
                                      size_t *length);

/**
 * The whole verdict as JSON: what `clientcert verify --json` prints, on one line.
 *
 * @param[in] verdict Borrowed. NULL reads like a verdict that is FAILED for `internal_error`.
 * @param[out] length May be NULL. In bytes, without the last NUL.
 * @return Lives as long as the verdict. NULL, and a length of 0, only where the library failed inside.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_verdict_json(const clientcert_verdict *verdict, size_t *length);

/**
 * How many certificates the client presented.
 *
 * @param[in] verdict Borrowed.
 * @return 0 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_verdict_certificate_count(const clientcert_verdict *verdict);

/**
 * A certificate that the client presented.
 *
 * @param[in] verdict Borrowed.
 * @param[in] index Below `clientcert_verdict_certificate_count`; 0 is the client's own.
 * @param[out] length May be NULL. In bytes.
 * @return Its DER, whether or not it could be read. Lives as long as the verdict. NULL, and a length of 0, for any
 * other index.
 * @since 1
 */
CLIENTCERT_MUST_USE
const uint8_t *clientcert_verdict_certificate(const clientcert_verdict *verdict,
                                              size_t index,
                                              size_t *length);

/**
 * The identity of the policy that the verdict was made under: what `clientcert_policy_identity` gives for it.
 *
 * @param[in] verdict Borrowed.
 * @param[out] length May be NULL. 32.
 * @return Lives as long as the verdict. For NULL, and where the library failed inside, an identity that no policy
 * has.
 * @since 1
 */
CLIENTCERT_MUST_USE
const uint8_t *clientcert_verdict_policy_identity(const clientcert_verdict *verdict,
                                                  size_t *length);

/**
 * Until when the verdict holds: the last second at which verifying again, under the same policy, would say the same.
 *
 * @param[in] verdict Borrowed.
 * @return In seconds since 1970-01-01T00:00:00Z. For `CLIENTCERT_FAILED` the moment that it was made for, or earlier;
 * INT64_MAX for `CLIENTCERT_NONE`; INT64_MIN for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int64_t clientcert_verdict_valid_until(const clientcert_verdict *verdict);

/*
 * OCSP: what a verdict wants to know from responders, and what they say.
 *
 * With the option `ocsp` at `leaf` or `chain`, a client about whose certificate nothing is known yet is FAILED for
 * `ocsp_pending`, and the verdict has questions. The host asks them, in its own time and way, and gives each answer to
 * `clientcert_verdict_ocsp_response`, which returns a new verdict. Responses that clients staple in TLS 1.3 go there too.
 */

/**
 * How many questions there are for OCSP responders.
 *
 * There are some only where nothing but answers is missing. Several may be about one certificate: its responders, the
 * first choice first; one answer is enough.
 *
 * @param[in] verdict Borrowed.
 * @return 0 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_verdict_ocsp_count(const clientcert_verdict *verdict);

/**
 * Whom to ask.
 *
 * @param[in] verdict Borrowed.
 * @param[in] index Below `clientcert_verdict_ocsp_count`.
 * @return An http or https URL of printable ASCII, from the certificate, whose issuer is trusted, or from the option
 * `ocsp_responder`. Lives as long as the verdict. NULL for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_verdict_ocsp_url(const clientcert_verdict *verdict, size_t index);

/**
 * What to ask: the body of a POST with the Content-Type `application/ocsp-request` (RFC 6960 appendix A.1).
 *
 * @param[in] verdict Borrowed.
 * @param[in] index Below `clientcert_verdict_ocsp_count`.
 * @param[out] length May be NULL. In bytes.
 * @return The DER of an OCSPRequest. Lives as long as the verdict. NULL, and a length of 0, for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE
const uint8_t *clientcert_verdict_ocsp_request(const clientcert_verdict *verdict,
                                               size_t index,
                                               size_t *length);

/**
 * Which certificate a question is about.
 *
 * @param[in] verdict Borrowed.
 * @param[in] index Below `clientcert_verdict_ocsp_count`.
 * @return The index of a presented certificate, 0 being the client's own, as `clientcert_verdict_ocsp_response` takes
 * it; SIZE_MAX for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_verdict_ocsp_certificate(const clientcert_verdict *verdict, size_t index);

/**
 * Judges a client again with what an OCSP responder says about a certificate.
 *
 * A response that does not count is a reason of its own (`ocsp_expired` and others), and the new verdict is FAILED for
 * it; to try another responder, give what it says to the verdict that asked. An answer that counts is remembered for all
 * clients of the verifier until it is too old; one that is not good takes back what was decided before. Where the
 * option `ocsp` is `off`, where the certificate is not on the path, and where the client is refused for other reasons,
 * the response changes nothing.
 *
 * @param[in] verifier Borrowed. The one that made the verdict. NULL gives a verdict that is FAILED for
 * `internal_error`.
 * @param[in] verdict Borrowed, and not changed: one with questions, or one whose client stapled a response. NULL gives
 * a verdict that is FAILED for `internal_error`.
 * @param[in] certificate The index of a presented certificate, 0 being the client's own: from
 * `clientcert_verdict_ocsp_certificate`, or where the client stapled it.
 * @param[in] response `length` bytes: the DER of an OCSPResponse, which is the body of the responder's answer. More than
 * 65536 do not count. May be NULL where `length` is 0; else NULL gives a verdict that is FAILED for `internal_error`.
 * @param[in] length In bytes; 0 says that nobody answered, which the option `ocsp_missing` judges.
 * @param[in] time The moment to verify for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
 * @return Owned by the caller. Never NULL. It may wait for further answers.
 * @since 1
 */
CLIENTCERT_MUST_USE
clientcert_verdict *clientcert_verdict_ocsp_response(const clientcert_verifier *verifier,
                                                     const clientcert_verdict *verdict,
                                                     size_t certificate,
                                                     const uint8_t *response,
                                                     size_t length,
                                                     int64_t time);

/*
 * Resumption: what a TLS session is to remember of its client, and what that is worth when it comes back.
 *
 * TLS libraries resume a session without asking their verify callbacks again. So put the record of
 * `clientcert_session_export` into the session or ticket, and give it to `clientcert_session_resume` when the session is
 * resumed: the client is then verified again, now, by the policy of now. `clientcert_openssl.h` does both.
 */

/**
 * What a session must have been made under to be resumed here: 32 bytes over every option that decides, every pinned CA,
 * and the name of the virtual host. For the session id context (`SSL_CTX_set_session_id_context`) or a ticket's additional
 * data. A new CRL or registration does not change it.
 *
 * Virtual hosts share sessions where they have equal policies and give the same name here. Two hosts that are to share
 * them give both an empty name; hosts that are not, each its own.
 *
 * @param[in] verifier Borrowed.
 * @param[in] host The name of the virtual host as it is configured, never the one that the client sent. Case and one
 * trailing dot do not count. May be NULL, which is the same as an empty name.
 * @param[out] identity Room for 32 bytes.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` where `verifier` or `identity` is NULL or `host` is no UTF-8:
 * resume nothing then.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_verifier_policy_id(const clientcert_verifier *verifier,
                                      const char *host,
                                      uint8_t *identity,
                                      clientcert_error **error);

/**
 * The record of a client for a TLS session: to be kept with the session, and given to `clientcert_session_resume` when it
 * is resumed. It is sealed by the option `session_key`, and not secret; it holds the certificates that the verdict rests
 * on.
 *
 * @param[in] verifier Borrowed. The one that made the verdict.
 * @param[in] verdict Borrowed.
 * @param[in] host As for `clientcert_verifier_policy_id`.
 * @param[in] handshake_time When the handshake was in which the client proved that it holds its key, in seconds since
 * 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`. For a session that was itself resumed: what `clientcert_session_resume` wrote.
 * @param[out] out Room for `capacity` bytes. May be NULL where `capacity` is 0.
 * @param[in] capacity In bytes. Nothing is written where it is too small.
 * @return The length of the record; where it is more than `capacity`, call again with so much room. 0 where there is no
 * record, because an argument is NULL, the verdict is not accepted, or the policy has changed since: such a session is
 * not to be resumed.
 * @since 1
 */
CLIENTCERT_MUST_USE
size_t clientcert_session_export(const clientcert_verifier *verifier,
                                 const clientcert_verdict *verdict,
                                 const char *host,
                                 int64_t handshake_time,
                                 uint8_t *out,
                                 size_t capacity);

/**
 * Judges the client of a resumed session by the record that came back with it: as it is now, under the policy of now, with
 * its CAs, CRLs, registrations and dates.
 *
 * A record that does not count gives a verdict that is FAILED: for `session_invalid` where it is empty, cut, changed, sealed
 * with another key, or made under another `clientcert_verifier_policy_id` than that of `host` now; for `session_expired`
 * where the handshake is longer ago than `session_max_age`. Where the TLS library can still refuse the session, let it: a
 * full handshake follows. So a resumed session with a certificate and without a record is judged with a `length` of 0.
 *
 * @param[in] verifier Borrowed: that of the host that the client named. NULL gives a verdict that is FAILED for
 * `internal_error`.
 * @param[in] host As for `clientcert_verifier_policy_id`. No UTF-8 gives a verdict that is FAILED for `internal_error`.
 * @param[in] record `length` bytes. May be NULL where `length` is 0; else NULL gives a verdict that is FAILED for
 * `internal_error`.
 * @param[in] length In bytes; 0 says that the session has no record.
 * @param[in] time The moment to judge for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
 * @param[out] handshake_time May be NULL. When the handshake was in which the client proved that it holds its key: the
 * first of all sessions that were resumed from one another. 0 where the record is none of ours.
 * @return Owned by the caller. Never NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
clientcert_verdict *clientcert_session_resume(const clientcert_verifier *verifier,
                                              const char *host,
                                              const uint8_t *record,
                                              size_t length,
                                              int64_t time,
                                              int64_t *handshake_time);

/*
 * Reasons: what each code means, in words and in the numbers of other systems.
 *
 * `CLIENTCERT_REASON_` names every code of this version. Later versions add codes: a code without a name here is a
 * refusal like any other, and these functions, of the library that was loaded, may know it.
 */

/** Why a client was not verified. */
typedef enum {
    /** The client presented no certificate. */
    CLIENTCERT_REASON_CERTIFICATE_REQUIRED = 1,
    /** The certificate is not well-formed. */
    CLIENTCERT_REASON_CERTIFICATE_MALFORMED = 2,
    /** What was presented is no list of certificates. */
    CLIENTCERT_REASON_CHAIN_MALFORMED = 3,
    /** More or larger certificates were presented than is allowed. */
    CLIENTCERT_REASON_CHAIN_TOO_LARGE = 4,
    /** The chain ends at a certificate whose issuer is not trusted here. */
    CLIENTCERT_REASON_ISSUER_UNKNOWN = 10,
    /** The certificate's issuer is not trusted here, and no other certificate was presented. */
    CLIENTCERT_REASON_LEAF_ISSUER_UNKNOWN = 11,
    /** The certificate is self-signed and not pinned. */
    CLIENTCERT_REASON_SELF_SIGNED = 12,
    /** The chain ends at a self-signed certificate that is not pinned. */
    CLIENTCERT_REASON_SELF_SIGNED_IN_CHAIN = 13,
    /** No path to a trusted CA was found within the limits of the search. */
    CLIENTCERT_REASON_SEARCH_EXHAUSTED = 14,
    /** The signature is not by the issuer's key. */
    CLIENTCERT_REASON_SIGNATURE_INVALID = 20,
    /** The signature's algorithm is not supported. */
    CLIENTCERT_REASON_SIGNATURE_ALGORITHM_UNSUPPORTED = 21,
    /** The issuer's key cannot be used to check the signature. */
    CLIENTCERT_REASON_ISSUER_KEY_UNSUPPORTED = 22,
    /** The certificate was revoked. */
    CLIENTCERT_REASON_CERTIFICATE_REVOKED = 30,
    /** There is no CRL by this certificate's issuer. */
    CLIENTCERT_REASON_CRL_MISSING = 31,
    /** The CRL has expired. */
    CLIENTCERT_REASON_CRL_EXPIRED = 32,
    /** The CRL is not valid yet. */
    CLIENTCERT_REASON_CRL_NOT_YET_VALID = 33,
    /** The CRL's signature is invalid, or of an unsupported kind. */
    CLIENTCERT_REASON_CRL_SIGNATURE_INVALID = 34,
    /** The CRL's issuer may not sign CRLs. */
    CLIENTCERT_REASON_CRL_ISSUER_UNFIT = 35,
    /** The certificate of the CRL's issuer is missing, or leads to another CA. */
    CLIENTCERT_REASON_CRL_ISSUER_UNKNOWN = 36,
    /** The CRL has a critical extension that is not understood. */
    CLIENTCERT_REASON_CRL_UNSUPPORTED = 37,
    /** The CRLs do not cover this certificate, or not every reason of revocation. */
    CLIENTCERT_REASON_CRL_SCOPE = 38,
    /** The certificate is not valid yet. */
    CLIENTCERT_REASON_CERTIFICATE_NOT_YET_VALID = 40,
    /** The certificate has expired. */
    CLIENTCERT_REASON_CERTIFICATE_EXPIRED = 41,
    /** The issuer's certificate is not a CA's. */
    CLIENTCERT_REASON_ISSUER_NOT_CA = 50,
    /** The issuer's key may not sign certificates. */
    CLIENTCERT_REASON_ISSUER_KEY_USAGE = 51,
    /** A CA's path length constraint is exceeded. */
    CLIENTCERT_REASON_PATH_LENGTH_EXCEEDED = 52,
    /** There are more intermediate certificates than `depth` allows. */
    CLIENTCERT_REASON_CHAIN_TOO_LONG = 53,
    /** An intermediate CA's certificate is not of version 3. */
    CLIENTCERT_REASON_ISSUER_VERSION = 54,
    /** The extended key usage does not allow this purpose. */
    CLIENTCERT_REASON_EXTENDED_KEY_USAGE = 60,
    /** The key usage does not allow to authenticate. */
    CLIENTCERT_REASON_KEY_USAGE = 61,
    /** Certificates of version 1 are refused here. */
    CLIENTCERT_REASON_VERSION_REFUSED = 62,
    /** A CA's certificate is refused as a client's here. */
    CLIENTCERT_REASON_CA_AS_LEAF = 63,
    /** The subject is empty, and the subject alternative names are absent or not critical. */
    CLIENTCERT_REASON_SUBJECT_MISSING = 64,
    /** The certificate's key is too weak or of an unsupported kind. */
    CLIENTCERT_REASON_LEAF_KEY_TOO_WEAK = 70,
    /** A CA's key is too weak. */
    CLIENTCERT_REASON_CA_KEY_TOO_WEAK = 71,
    /** The signature's digest is too weak. */
    CLIENTCERT_REASON_SIGNATURE_ALGORITHM_WEAK = 72,
    /** A critical extension is not understood. */
    CLIENTCERT_REASON_CRITICAL_EXTENSION = 80,
    /** A name is outside of what a CA is permitted to certify. */
    CLIENTCERT_REASON_NAME_NOT_PERMITTED = 81,
    /** A name is in what a CA is forbidden to certify. */
    CLIENTCERT_REASON_NAME_EXCLUDED = 82,
    /** A name constraint is of a kind or form that is not supported. */
    CLIENTCERT_REASON_NAME_CONSTRAINT_UNSUPPORTED = 83,
    /** Names and constraints are too many to compare. */
    CLIENTCERT_REASON_NAME_CONSTRAINT_LIMIT = 84,
    /** No certificate policy is valid for the whole path, and one is required. */
    CLIENTCERT_REASON_POLICY_REQUIRED = 85,
    /** The certificate policy extensions contradict RFC 5280. */
    CLIENTCERT_REASON_POLICY_INVALID = 86,
    /** A TLS feature that the issuer's certificate has is missing. */
    CLIENTCERT_REASON_TLS_FEATURE_MISSING = 87,
    /** The second validator refuses what the first accepts; this is an alarm. */
    CLIENTCERT_REASON_VALIDATORS_DISAGREE = 90,
    /** The second validator cannot judge this path, and `second_opinion` is strict. */
    CLIENTCERT_REASON_SECOND_OPINION_MISSING = 91,
    /** This mode takes any certificate and verifies none. */
    CLIENTCERT_REASON_NOT_VERIFIED = 92,
    /** The key is not registered to a user. */
    CLIENTCERT_REASON_KEY_NOT_REGISTERED = 100,
    /** The key's registration is disabled. */
    CLIENTCERT_REASON_REGISTRATION_DISABLED = 101,
    /** The key's registration was revoked. */
    CLIENTCERT_REASON_REGISTRATION_REVOKED = 102,
    /** The key's registration is not valid yet. */
    CLIENTCERT_REASON_REGISTRATION_NOT_YET_VALID = 103,
    /** The key's registration has expired. */
    CLIENTCERT_REASON_REGISTRATION_EXPIRED = 104,
    /** The key is registered for certificates of another CA. */
    CLIENTCERT_REASON_REGISTRATION_OTHER_CA = 105,
    /** The registry has been out of reach for too long. */
    CLIENTCERT_REASON_REGISTRY_UNAVAILABLE = 106,
    /** The certificate names the user in more than one way, or in a way that cannot be trusted. */
    CLIENTCERT_REASON_AMBIGUOUS_IDENTITY = 107,
    /** No identity rule names a user for this certificate. */
    CLIENTCERT_REASON_IDENTITY_UNKNOWN = 108,
    /** The rule that names the user is weak, and `identity_strength` is strong. */
    CLIENTCERT_REASON_IDENTITY_WEAK = 109,
    /** The host has not yet looked the key up. */
    CLIENTCERT_REASON_REGISTRATION_PENDING = 110,
    /** No OCSP response has been given for this certificate yet. */
    CLIENTCERT_REASON_OCSP_PENDING = 111,
    /** The verification failed inside the library. */
    CLIENTCERT_REASON_INTERNAL_ERROR = 120,
    /** There is no OCSP response for this certificate, and nobody to ask. */
    CLIENTCERT_REASON_OCSP_MISSING = 130,
    /** The OCSP response is not well-formed. */
    CLIENTCERT_REASON_OCSP_MALFORMED = 131,
    /** The OCSP responder did not answer the question. */
    CLIENTCERT_REASON_OCSP_REFUSED = 132,
    /** The OCSP response's signature is invalid, or of an unsupported kind. */
    CLIENTCERT_REASON_OCSP_SIGNATURE_INVALID = 133,
    /** The OCSP response is signed by somebody who may not answer for this issuer. */
    CLIENTCERT_REASON_OCSP_RESPONDER_UNFIT = 134,
    /** The OCSP response is about other certificates. */
    CLIENTCERT_REASON_OCSP_OTHER_CERTIFICATE = 135,
    /** The OCSP response is not valid yet. */
    CLIENTCERT_REASON_OCSP_NOT_YET_VALID = 136,
    /** The OCSP response is too old. */
    CLIENTCERT_REASON_OCSP_EXPIRED = 137,
    /** The OCSP response does not repeat the nonce of the question. */
    CLIENTCERT_REASON_OCSP_NONCE = 138,
    /** The OCSP responder does not know the certificate. */
    CLIENTCERT_REASON_OCSP_UNKNOWN = 139,
    /** The resumed session has no record that was made here, under this policy and for this host. */
    CLIENTCERT_REASON_SESSION_INVALID = 140,
    /** The handshake that the resumed session comes from is too long ago. */
    CLIENTCERT_REASON_SESSION_EXPIRED = 141,
    /** The ticket of another host was not made for this host and this browser. */
    CLIENTCERT_REASON_TICKET_INVALID = 142,
    /** The ticket of another host is too old. */
    CLIENTCERT_REASON_TICKET_EXPIRED = 143,
    /** The ticket of another host was used before. */
    CLIENTCERT_REASON_TICKET_USED = 144,
    /** The certificate was forwarded by a peer that is no trusted proxy. */
    CLIENTCERT_REASON_UNTRUSTED_PROXY = 145,
    /** What the proxy forwarded is not well-formed. */
    CLIENTCERT_REASON_FORWARDED_MALFORMED = 146,
    /** The proxy says that there is a certificate, and does not forward it. */
    CLIENTCERT_REASON_FORWARDED_INCOMPLETE = 147,
    /** The proxy does not say that it verified the certificate. */
    CLIENTCERT_REASON_FORWARDED_NOT_VERIFIED = 148,
} clientcert_reason;

/**
 * How many codes there are.
 *
 * @return The indices of `clientcert_reason_at` are below it.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_reason_count(void);

/**
 * Every code by index, in the order of their numbers.
 *
 * @param[in] index Below `clientcert_reason_count()`.
 * @return A `CLIENTCERT_REASON_`; 0, which is no code, for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_reason_at(size_t index);

/**
 * The stable name of a code, such as `certificate_expired`: what `tolerate` takes.
 *
 * @param[in] code A `CLIENTCERT_REASON_`.
 * @return Never NULL; `unknown` for a number that is no code. Lives as long as the process.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_reason_name(int32_t code);

/**
 * What a code says, in English, for people.
 *
 * @param[in] code A `CLIENTCERT_REASON_`.
 * @return Never NULL; `unknown` for a number that is no code. Lives as long as the process.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_reason_text(int32_t code);

/**
 * The name that OpenSSL has for it, such as `X509_V_ERR_CERT_HAS_EXPIRED`.
 *
 * @param[in] code A `CLIENTCERT_REASON_`.
 * @return Never NULL; `unknown` for a number that is no code. Lives as long as the process.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_reason_x509_name(int32_t code);

/**
 * The number that OpenSSL 3 has for it, an `X509_V_ERR_`, as for `SSL_set_verify_result`.
 *
 * @param[in] code A `CLIENTCERT_REASON_`.
 * @return Never 0, which would be `X509_V_OK`; 1, `X509_V_ERR_UNSPECIFIED`, for a number that is no code.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_reason_x509_error(int32_t code);

/**
 * The TLS alert that says it to the client (RFC 8446 section 6.2, RFC 5246 section 7.2).
 *
 * @param[in] code A `CLIENTCERT_REASON_`.
 * @param[in] tls_version As on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3; DTLS likewise. A number that is no
 * version counts as TLS 1.3.
 * @return The description of a fatal alert; 80, internal_error, for a number that is no code.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_reason_alert(int32_t code, int32_t tls_version);

/**
 * The status that nginx has for it, which `error_page` can name.
 *
 * @param[in] code A `CLIENTCERT_REASON_`.
 * @return 496 for a missing certificate, else 495.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_reason_nginx_status(int32_t code);

/**
 * The sub-status of the 403 that IIS answers for it.
 *
 * @param[in] code A `CLIENTCERT_REASON_`.
 * @return 7 required, 13 revoked, 16 untrusted or invalid, 17 expired or not yet valid; 16 for a number that is no
 * code.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_reason_iis_substatus(int32_t code);

/*
 * Registry: which key belongs to which user, and the verbs that change it.
 */

/**
 * A registry of keys, seen by one who reads and changes it. Not for several threads at once: every thread, or every
 * request, opens its own, which costs little.
 */
typedef struct clientcert_registry clientcert_registry;

/**
 * Opens a registry by the URL that the option `registry` takes, but for `memory:`, which is one's own with every
 * opening, and `external`, which the library cannot read. Nothing is read or connected to before the first call that
 * needs it. Databases must be used in the process that opened them, not in one forked from it.
 *
 * @param[in] url Borrowed.
 * @param[out] out Owned by the caller. NULL on failure.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_VALUE` for what is no such URL; `CLIENTCERT_NOT_SUPPORTED`;
 * `CLIENTCERT_MALFORMED` for a text of `memory:`; `CLIENTCERT_INVALID_ARGUMENT` where a pointer is NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_new(const char *url,
                                clientcert_registry **out,
                                clientcert_error **error);

/**
 * The registry of a verifier, the same that it asks: what is changed here, it sees at its next refresh.
 *
 * @param[in] verifier Borrowed; the registry may outlive it.
 * @return Owned by the caller. NULL where the verifier has none, or is NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE clientcert_registry *clientcert_verifier_registry(const clientcert_verifier *verifier);

/**
 * Frees a registry. What is registered stays.
 *
 * @param[in] registry Taken. NULL does nothing.
 * @since 1
 */
void clientcert_registry_free(clientcert_registry *registry);

/**
 * Says in whose name the following changes are made, which is what their audit records say: the user who is logged in,
 * or an administrator. Until then it is `unknown`.
 *
 * @param[in] registry Changed.
 * @param[in] actor Copied.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT`.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_act_as(clientcert_registry *registry,
                                   const char *actor,
                                   clientcert_error **error);

/**
 * Registers the key of a connected client to a user who is logged in by other means, such as a password: the verb for
 * users themselves. The key is registered by its SubjectPublicKeyInfo, so that it survives a renewal of the certificate.
 *
 * `verdict` must be that of the very connection on which the user asks, whose TLS handshake has proven that the client
 * holds the key: a certificate is public. All that may be wrong with it is `CLIENTCERT_REASON_KEY_NOT_REGISTERED`.
 *
 * @param[in] registry Changed.
 * @param[in] verdict Borrowed.
 * @param[in] user Who is logged in: 1 to 1024 bytes without control characters.
 * @param[in] label What the user calls the key, at most 1024 bytes. May be NULL.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_NOT_ENTITLED` where the verdict is no such one; `CLIENTCERT_KEY_TAKEN` where the
 * key is registered, which a verdict from before does not know; `CLIENTCERT_KEY_REVOKED`; `CLIENTCERT_IO`,
 * `CLIENTCERT_MALFORMED` and `CLIENTCERT_REGISTRY_UNAVAILABLE` for where the registrations are kept;
 * `CLIENTCERT_NOT_SUPPORTED` where that is with the host; `CLIENTCERT_INVALID_ARGUMENT`. On failure nothing has changed.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_enrol_verdict(clientcert_registry *registry,
                                          const clientcert_verdict *verdict,
                                          const char *user,
                                          const char *label,
                                          clientcert_error **error);

/**
 * Registers a certificate to a user: an administrator's verb, because it asks for no proof that the user holds the key.
 *
 * @param[in] registry Changed.
 * @param[in] user 1 to 1024 bytes without control characters.
 * @param[in] certificate `length` bytes: one certificate, DER or PEM.
 * @param[in] length In bytes.
 * @param[in] fields JSON: an object with any of `label`, `not_before` and `not_after` (RFC 3339 in UTC), `disabled`,
 * `no_manage`, `ca` (`sha256:` and the SHA-256 of a CA's SubjectPublicKeyInfo), and `by`, which is `spki`, or
 * `certificate` for this very certificate and no later one with the same key. May be NULL.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return As `clientcert_registry_enrol_verdict`, but for `CLIENTCERT_NOT_ENTITLED`; `CLIENTCERT_MALFORMED` where it is
 * not one certificate.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_enrol_certificate(clientcert_registry *registry,
                                              const char *user,
                                              const uint8_t *certificate,
                                              size_t length,
                                              const char *fields,
                                              clientcert_error **error);

/**
 * Registers a key to a user by its fingerprint: an administrator's verb, because it asks for no proof that the user holds
 * the key.
 *
 * @param[in] registry Changed.
 * @param[in] user 1 to 1024 bytes without control characters.
 * @param[in] key `spki:sha256:` or `cert:sha256:` with 32 bytes in hexadecimal (colons or not), base64 or base64url.
 * @param[in] fields As for `clientcert_registry_enrol_certificate`, but for `by`. May be NULL.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return As `clientcert_registry_enrol_verdict`, but for `CLIENTCERT_NOT_ENTITLED`.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_enrol_fingerprint(clientcert_registry *registry,
                                              const char *user,
                                              const char *key,
                                              const char *fields,
                                              clientcert_error **error);

/**
 * Registers the key of a connected client beside one that is registered already, to the same user, for the same CA and no
 * longer than that. The registered one must count now, and be allowed to change keys.
 *
 * @param[in] registry Changed.
 * @param[in] verdict Borrowed. Of the connection with the new key, as for `clientcert_registry_enrol_verdict`.
 * @param[in] registered Borrowed. Of a connection with the registered key, verified, of the same person: which it is for
 * the host to know, for instance because both belong to one session.
 * @param[in] label What the new key is called. NULL: like the old one.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return As `clientcert_registry_enrol_verdict`; `CLIENTCERT_NOT_REGISTERED` where `registered` is verified by its CA
 * alone.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_renew_beside(clientcert_registry *registry,
                                         const clientcert_verdict *verdict,
                                         const clientcert_verdict *registered,
                                         const char *label,
                                         clientcert_error **error);

/**
 * Registers the key of a connected client whose certificate a registered key has signed, to the same user, for the same
 * CA and no longer than that. The registered one must count now, and be allowed to change keys.
 *
 * @param[in] registry Changed.
 * @param[in] verdict Borrowed. Of the connection with the new key, as for `clientcert_registry_enrol_verdict`.
 * @param[in] signer `length` bytes: a certificate with the registered key, DER or PEM.
 * @param[in] length In bytes.
 * @param[in] label What the new key is called. NULL: like the old one.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return As `clientcert_registry_enrol_verdict`; `CLIENTCERT_NOT_REGISTERED` where the signer's key is not registered;
 * `CLIENTCERT_MALFORMED` where it is not one certificate.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_renew_signed(clientcert_registry *registry,
                                         const clientcert_verdict *verdict,
                                         const uint8_t *signer,
                                         size_t length,
                                         const char *label,
                                         clientcert_error **error);

/**
 * Changes what is registered. The verbs:
 *
 * `disable` and `enable`: the key does not count until it is enabled again. `revoke`: it does not count any more, for
 * good; the registration stays, so that nobody can register the key again. `remove`: the registration goes, and the key
 * may be registered anew; not what was revoked. `rename`: the key is called `value`. `rename_user`: the keys of the user
 * `subject` belong to `value`, who has none yet.
 *
 * @param[in] registry Changed.
 * @param[in] verb One of these words.
 * @param[in] subject The key, as for `clientcert_registry_enrol_fingerprint`; the user for `rename_user`.
 * @param[in] value What the verb needs; NULL for the others.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return As `clientcert_registry_enrol_fingerprint`; `CLIENTCERT_NOT_REGISTERED`; `CLIENTCERT_INVALID_ARGUMENT` for
 * another verb, too.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_change(clientcert_registry *registry,
                                   const char *verb,
                                   const char *subject,
                                   const char *value,
                                   clientcert_error **error);

/**
 * Says that a key was used. It is no change of who may do what, so it leaves no audit record. To write down every use is
 * costly; once a day for each key tells as much.
 *
 * @param[in] registry Changed.
 * @param[in] key As for `clientcert_registry_enrol_fingerprint`.
 * @param[in] time In seconds since 1970-01-01T00:00:00Z; an earlier one than is known changes nothing.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return As `clientcert_registry_change`.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_used(clientcert_registry *registry,
                                 const char *key,
                                 int64_t time,
                                 clientcert_error **error);

/**
 * Registers many keys at once, all or none: an administrator's verb.
 *
 * @param[in] registry Changed.
 * @param[in] format `text`, the form of a `file:` registry without paths in it; or `jwks`, a JWK set with `x5c` or
 * `x5t#S256`, as RFC 8705 section 2.2.2 registers clients.
 * @param[in] data `length` bytes.
 * @param[in] length In bytes.
 * @param[in] user Whose the keys of `jwks` are; NULL for `text`, which says so itself.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return As `clientcert_registry_enrol_fingerprint`; `CLIENTCERT_MALFORMED` with the line or the number of the key.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_import(clientcert_registry *registry,
                                   const char *format,
                                   const uint8_t *data,
                                   size_t length,
                                   const char *user,
                                   clientcert_error **error);

/**
 * What is registered, read from where it is kept. What to list:
 *
 * `all`; `user`, the keys of the user `value`; `key`, the registration of the key `value`, an empty list where it has none;
 * `expiring`, what ends within `value` days, the next first, each with `days_left`; `text`, all in the form of a `file:`
 * registry, a line each.
 *
 * @param[in] registry Changed: it keeps the text.
 * @param[in] what One of these words.
 * @param[in] value What it needs; NULL for the others.
 * @param[out] out A JSON array of objects, or the text. Lives until the next list of this registry, or until that is
 * freed. NULL on failure.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_IO`, `CLIENTCERT_MALFORMED` and `CLIENTCERT_REGISTRY_UNAVAILABLE` for where the
 * registrations are kept; `CLIENTCERT_NOT_SUPPORTED` where that is with the host; `CLIENTCERT_INVALID_ARGUMENT`.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_registry_list(clientcert_registry *registry,
                                 const char *what,
                                 const char *value,
                                 const char **out,
                                 clientcert_error **error);

/**
 * The audit records of the last change that was made through this handle.
 *
 * @param[in] registry Borrowed.
 * @return A JSON array of objects with `time`, `actor`, `action`, `user`, `key`, `label` and `detail`; empty where the
 * last change failed. Lives until the next change through this handle. NULL for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_registry_audit(const clientcert_registry *registry);

/**
 * Whether a token is bound to the certificate of this client (RFC 8705 section 3). The host has verified the token.
 *
 * It says that the client is the one to whom the token was given, not who that is: with a policy that accepts every
 * certificate, that is all there is to it. Nothing is confirmed for a verdict that is not accepted.
 *
 * @param[in] verdict Borrowed.
 * @param[in] confirmation `length` bytes: the JSON of the token's `cnf`, with `x5t#S256` and nothing else, or the value of
 * that alone.
 * @param[in] length In bytes.
 * @return 1 where it is; else 0, and for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_verdict_confirms(const clientcert_verdict *verdict,
                                    const uint8_t *confirmation,
                                    size_t length);

/*
 * Behind a proxy: who a client is by what a proxy forwards of it, and what a proxy forwards.
 *
 * A certificate is public: without a proxy that is trusted for its address, that removes these headers from what clients
 * send, and that nobody else can pass for, a header authenticates nobody. See `docs/forwarded.md`.
 */

/** How a proxy forwards a client's certificate. */
typedef enum {
    /** `Client-Cert` and `Client-Cert-Chain` (RFC 9440). */
    CLIENTCERT_DIALECT_RFC9440 = 1,
    /** Envoy's `X-Forwarded-Client-Cert`; of several elements the last counts. */
    CLIENTCERT_DIALECT_ENVOY = 2,
    /**
     * nginx's `$ssl_client_escaped_cert` and `$ssl_client_verify`: `X-SSL-Client-Cert` and `X-SSL-Client-Verify` unless
     * `clientcert_headers_rename` says otherwise.
     */
    CLIENTCERT_DIALECT_NGINX = 3,
    /** `ssl-client-cert` and `ssl-client-verify` of ingress-nginx. */
    CLIENTCERT_DIALECT_INGRESS_NGINX = 4,
    /** `ssl_client_escaped_cert` or `ssl_client_cert`, as Tomcat's SSLValve reads them. */
    CLIENTCERT_DIALECT_TOMCAT = 5,
    /** Traefik's `X-Forwarded-Tls-Client-Cert`. */
    CLIENTCERT_DIALECT_TRAEFIK = 6,
    /** HAProxy's `X-SSL-` set, with the DER of the certificate in base64 in `X-SSL-Client-Cert`. */
    CLIENTCERT_DIALECT_HAPROXY = 7,
    /** `X-Amzn-Mtls-Clientcert` or `X-Amzn-Mtls-Clientcert-Leaf` of AWS Application Load Balancers. */
    CLIENTCERT_DIALECT_AWS_ALB = 8,
    /** `SSL_CLIENT_CERT` and `SSL_CLIENT_VERIFY` of Apache's mod_headers. */
    CLIENTCERT_DIALECT_APACHE = 9,
    /** `X-ARR-ClientCert` of Azure App Service. */
    CLIENTCERT_DIALECT_AZURE = 10,
    /** The header of version 2 of the PROXY protocol, whole, as the value of a header named `:proxy-protocol`. */
    CLIENTCERT_DIALECT_PROXY_PROTOCOL = 11,
} clientcert_dialect;

/** What can be renamed for one set of headers. */
typedef enum {
    /** The header with the client's certificate. */
    CLIENTCERT_HEADER_CERTIFICATE = 1,
    /** The header with the certificates above it; `_N` at its end stands for a number from 0 where the dialect is Apache's. */
    CLIENTCERT_HEADER_CHAIN = 2,
    /**
     * The header that says whether the proxy verified it: `SUCCESS`, `NONE` or `FAILED:` and why; HAProxy's number.
     * Dialects without one can be given one.
     */
    CLIENTCERT_HEADER_VERIFY = 3,
    /** No header: the URI of whoever writes, which Envoy has as `By`. */
    CLIENTCERT_HEADER_BY = 4,
} clientcert_header_role;

/** What is forwarded besides the certificate of a client that was verified; to be added up. */
typedef enum {
    /** The certificate of a client that was not verified, too. Only for servers that verify it themselves. */
    CLIENTCERT_FORWARD_UNVERIFIED = 1,
    /** The certificates above it, where the dialect has a place for them. */
    CLIENTCERT_FORWARD_CHAIN = 2,
    /** Names, dates and fingerprints, for readers that cannot read a certificate. */
    CLIENTCERT_FORWARD_DETAILS = 4,
} clientcert_forward;

/**
 * Headers of one request, and the names that they have there. Owned by the caller, for one thread at a time; free it with
 * `clientcert_headers_free`. One may serve any number of requests after another.
 */
typedef struct clientcert_headers clientcert_headers;

/**
 * Makes an empty set of headers.
 *
 * @return Owned by the caller. NULL only where the library failed inside.
 * @since 1
 */
CLIENTCERT_MUST_USE clientcert_headers *clientcert_headers_new(void);

/**
 * Frees a set of headers.
 *
 * @param[in] headers Taken. NULL does nothing.
 * @since 1
 */
void clientcert_headers_free(clientcert_headers *headers);

/**
 * Takes all headers out, for the next request. Names that were given by `clientcert_headers_rename` stay.
 *
 * @param[in] headers Borrowed, and changed. NULL does nothing.
 * @since 1
 */
void clientcert_headers_clear(clientcert_headers *headers);

/**
 * Adds a header as it came. A header that came twice is added twice. All of a request's may be added: those that a
 * dialect is not about are passed over.
 *
 * @param[in] headers Borrowed, and changed.
 * @param[in] name Text; its case does not count, nor `-` or `_`. `:proxy-protocol` for the PROXY protocol.
 * @param[in] value `length` bytes, copied. May be NULL where `length` is 0.
 * @param[in] length In bytes.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` where `headers` or `name` is NULL, `name` is no UTF-8, or `value`
 * is NULL with a length. A host that cannot add a header must not go on without it.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_headers_add(clientcert_headers *headers,
                               const char *name,
                               const char *value,
                               size_t length,
                               clientcert_error **error);

/**
 * Says which name a header has here, in place of the dialect's.
 *
 * @param[in] headers Borrowed, and changed.
 * @param[in] role A `CLIENTCERT_HEADER_`.
 * @param[in] name Text, copied. NULL: the dialect's name again.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` where `headers` is NULL, `role` is none, or `name` is empty, no
 * UTF-8, or has a control character.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_headers_rename(clientcert_headers *headers,
                                  int32_t role,
                                  const char *name,
                                  clientcert_error **error);

/**
 * How many headers there are.
 *
 * @param[in] headers Borrowed.
 * @return 0 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_headers_count(const clientcert_headers *headers);

/**
 * The name of a header.
 *
 * @param[in] headers Borrowed.
 * @param[in] index Below `clientcert_headers_count`.
 * @return Lives until the set is changed or freed. NULL for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_headers_name(const clientcert_headers *headers, size_t index);

/**
 * The value of a header. Those that `clientcert_forward_headers` writes are one line of printable characters, but the
 * one for the PROXY protocol, which is binary.
 *
 * @param[in] headers Borrowed.
 * @param[in] index Below `clientcert_headers_count`.
 * @param[out] length May be NULL. In bytes, without the last NUL.
 * @return Lives until the set is changed or freed. NULL, and a length of 0, for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE
const char *clientcert_headers_value(const clientcert_headers *headers,
                                     size_t index,
                                     size_t *length);

/**
 * Says who a client is by what a proxy forwards of it.
 *
 * Without any header of the dialect the outcome is `CLIENTCERT_NONE`, whoever the peer is. With one, the peer must be in
 * `trusted_proxies`, else the verdict is FAILED for `untrusted_proxy`. What is forwarded twice, or cannot be read, is FAILED
 * for `forwarded_malformed` or `chain_too_large`; a certificate that is mentioned and not there is FAILED for
 * `forwarded_incomplete`. Everything else is verified as `clientcert_verify` does it, or, under
 * `forwarded_verification = proxy`, by the proxy's word, which `verified_by` then says.
 *
 * @param[in] verifier Borrowed. NULL gives a verdict that is FAILED for `internal_error`.
 * @param[in] dialect A `CLIENTCERT_DIALECT_`. Any other gives a verdict that is FAILED for `internal_error`.
 * @param[in] peer The address of the other end of the socket, as `inet_ntop` writes it, or `unix`. NULL, and what is
 * neither, is nobody who is trusted.
 * @param[in] headers Borrowed, and not changed. NULL gives a verdict that is FAILED for `internal_error`.
 * @param[in] time The moment to verify for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
 * @return Owned by the caller. Never NULL: where the library fails inside, it is FAILED for `internal_error`.
 * @since 1
 */
CLIENTCERT_MUST_USE
clientcert_verdict *clientcert_verify_forwarded(const clientcert_verifier *verifier,
                                                int32_t dialect,
                                                const char *peer,
                                                const clientcert_headers *headers,
                                                int64_t time);

/**
 * Writes what a proxy forwards of a client: in place of what is in `headers`, the headers to be set in the request after
 * everything that `clientcert_is_forwarded_header` knows was removed from it. A client without a certificate has none, or
 * one that says so.
 *
 * @param[in] verdict Borrowed. NULL reads like a verdict that is FAILED for `internal_error`.
 * @param[in] dialect A `CLIENTCERT_DIALECT_`.
 * @param[in] what The sum of some `CLIENTCERT_FORWARD_`, or 0.
 * @param[in] headers Borrowed, and changed; its names by `clientcert_headers_rename` are used. Empty on failure.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_NOT_ENTITLED` where the client was not verified and `what` does not have
 * `CLIENTCERT_FORWARD_UNVERIFIED`; `CLIENTCERT_MALFORMED` where its certificate cannot be written;
 * `CLIENTCERT_INVALID_ARGUMENT` where `headers` is NULL, `dialect` is none, or `what` has other bits.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_forward_headers(const clientcert_verdict *verdict,
                                   int32_t dialect,
                                   int32_t what,
                                   clientcert_headers *headers,
                                   clientcert_error **error);

/**
 * Whether a header must be removed from what clients send, because somebody could pass by it for the holder of a
 * certificate: any of any dialect, in any case, and whatever begins like a family of them. What is neither a letter nor a digit counts
 * as `-`, because servers make `_` of all that in the environment of CGI.
 *
 * @param[in] name Text.
 * @return 1 or 0; 1 for NULL, and for what is no UTF-8.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_is_forwarded_header(const char *name);

/**
 * The names that `clientcert_is_forwarded_header` knows, by index, for servers that need a list: in lower case, each with
 * `-` and with `_`. Names in which both are mixed, and families of names, it knows besides.
 *
 * @param[in] index From 0.
 * @return Lives as long as the process. NULL from the first index on that there is no name for.
 * @since 1
 */
CLIENTCERT_MUST_USE
const char *clientcert_forwarded_header_at(size_t index);

/**
 * The value of `Vary` for a response that depends on the certificate that a dialect forwards under its own names
 * (RFC 9440 section 3.1). Not to let it be cached at all is safer.
 *
 * @param[in] dialect A `CLIENTCERT_DIALECT_`.
 * @return Never NULL; `*` for a number that is no dialect. Lives as long as the process.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_dialect_vary(int32_t dialect);

/**
 * The name of a dialect, such as `rfc9440`.
 *
 * @param[in] dialect A `CLIENTCERT_DIALECT_`.
 * @return Never NULL; `unknown` for a number that is no dialect. Lives as long as the process.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_dialect_name(int32_t dialect);

/*
 * Request: what a host knows of a request and its connection, to have it decided.
 *
 * A field has a number: `CLIENTCERT_REQUEST_` and its name. Those below 100 take text, the others a number. Every field
 * begins with the value that refuses: a host that forgets one lets nobody in by that.
 */

/**
 * What can be said of a request, and what its place requires. Texts are copied; what a client wrote may stand in them as
 * it came.
 */
typedef enum {
    /** Text: a user whom the place is for; each adds one. Whoever names users requires a user. */
    CLIENTCERT_REQUEST_USER = 1,
    /** Text: the method, such as `GET`. */
    CLIENTCERT_REQUEST_METHOD = 2,
    /** Text: the value of `Origin`. */
    CLIENTCERT_REQUEST_ORIGIN = 3,
    /** Text: the value of `Access-Control-Request-Method`. */
    CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_METHOD = 4,
    /** Text: the value of `Access-Control-Request-Headers`. */
    CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_HEADERS = 5,
    /** Text: the host of the handshake (SNI). */
    CLIENTCERT_REQUEST_SERVER_NAME = 6,
    /** Text: the host of the request, `Host` or `:authority`, with its port. */
    CLIENTCERT_REQUEST_AUTHORITY = 7,
    /** Text: the name of the virtual host that serves it; may be `*.example.com`. */
    CLIENTCERT_REQUEST_VIRTUAL_HOST = 8,
    /** Text: path and query, for redirects. */
    CLIENTCERT_REQUEST_TARGET = 9,
    /** Text: the URL of the server's other log-in. */
    CLIENTCERT_REQUEST_OTHER_LOGIN_URL = 10,
    /** Text: the server's other log-in as a value of `WWW-Authenticate`. */
    CLIENTCERT_REQUEST_OTHER_LOGIN_CHALLENGE = 11,
    /** Text: another value of `WWW-Authenticate` that the server has; each adds one. */
    CLIENTCERT_REQUEST_CHALLENGE = 12,
    /**
     * Text: what `clientcert_decision_identity` gave for an earlier request of the connection, the last that was not
     * empty. Not set for the first.
     */
    CLIENTCERT_REQUEST_IDENTITY_BEFORE = 13,
    /**
     * Text: the value of the browser's cookie `__Host-clientcert`, where it has one: what a ticket of another host is bound
     * to.
     */
    CLIENTCERT_REQUEST_NONCE = 14,
    /** A `CLIENTCERT_REQUIREMENT_`. `CLIENTCERT_REQUIREMENT_USER` unless it is set. */
    CLIENTCERT_REQUEST_REQUIREMENT = 101,
    /** 1 where only strong identity rules count; then a user is required. */
    CLIENTCERT_REQUEST_STRONG = 102,
    /** The most seconds since the handshake that proved the key; -1, as unless it is set, for any. */
    CLIENTCERT_REQUEST_MAXIMUM_AGE = 103,
    /**
     * The TLS version as on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3. 0, as unless it is set, where nothing can be
     * asked.
     */
    CLIENTCERT_REQUEST_TLS_VERSION = 104,
    /** A `CLIENTCERT_HTTP_`. */
    CLIENTCERT_REQUEST_HTTP_VERSION = 105,
    /** 1 where an alert can still be sent. */
    CLIENTCERT_REQUEST_HANDSHAKE_OPEN = 106,
    /**
     * When the handshake was that proved the key, in seconds since 1970-01-01T00:00:00Z: the original one, which a
     * resumption does not renew. Unless it is set, it is too old wherever an age is asked for.
     */
    CLIENTCERT_REQUEST_HANDSHAKE_TIME = 107,
    /** 1 where the client offered post-handshake authentication (RFC 8446 section 4.2.6). */
    CLIENTCERT_REQUEST_OFFERS_POST_HANDSHAKE_AUTH = 108,
    /** 1 where secure renegotiation was negotiated (RFC 5746). */
    CLIENTCERT_REQUEST_SECURE_RENEGOTIATION = 109,
    /** A `CLIENTCERT_LATE_`. */
    CLIENTCERT_REQUEST_LATE = 110,
    /** 1 where the request arrived before the certificate that the client presented late. */
    CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE = 111,
    /** 1 where the session was resumed. */
    CLIENTCERT_REQUEST_RESUMED = 112,
    /** 1 where it is not the first request of its connection, or the connection was made for another host. */
    CLIENTCERT_REQUEST_REUSED = 113,
    /** 1 where a request like it was answered 421 on this connection already. */
    CLIENTCERT_REQUEST_ANSWERED_421 = 114,
    /** 1 where a preflight was the first request of this connection. */
    CLIENTCERT_REQUEST_PREFLIGHT_OPENED = 115,
    /** 1 where it came as early data of TLS 1.3. */
    CLIENTCERT_REQUEST_EARLY_DATA = 116,
    /** How many bytes of its body would have to be kept while a certificate is asked for. */
    CLIENTCERT_REQUEST_BODY_READ = 117,
    /** 1 where the user asks to be logged out. */
    CLIENTCERT_REQUEST_LOG_OUT = 118,
    /** 1 where the user logged out, and has not chosen a certificate since. */
    CLIENTCERT_REQUEST_LOGGED_OUT = 119,
} clientcert_request_field;

/** What a place requires of a client. */
typedef enum {
    /** Nothing but that the verdict is accepted. */
    CLIENTCERT_REQUIREMENT_NONE = 0,
    /** A certificate under whatever the mode accepts. This is no authentication. */
    CLIENTCERT_REQUIREMENT_CERTIFICATE = 1,
    /** A verdict of `CLIENTCERT_SUCCESS`. */
    CLIENTCERT_REQUIREMENT_VERIFIED = 2,
    /** The same, and a user. */
    CLIENTCERT_REQUIREMENT_USER = 3,
} clientcert_requirement;

/** Versions of HTTP. */
typedef enum {
    /** Not known: nothing can be asked. */
    CLIENTCERT_HTTP_UNKNOWN = 0,
    /** HTTP/1.0 */
    CLIENTCERT_HTTP_1_0 = 10,
    /** HTTP/1.1 */
    CLIENTCERT_HTTP_1_1 = 11,
    /** HTTP/2 */
    CLIENTCERT_HTTP_2 = 20,
    /** HTTP/3 */
    CLIENTCERT_HTTP_3 = 30,
} clientcert_http;

/** What came of asking for a certificate after the handshake. */
typedef enum {
    /** Nobody asked on this connection. */
    CLIENTCERT_LATE_NOT_ASKED = 0,
    /** The client presented a certificate. */
    CLIENTCERT_LATE_ANSWERED = 1,
    /** The client presented none. */
    CLIENTCERT_LATE_DECLINED = 2,
    /** The client said nothing for too long. */
    CLIENTCERT_LATE_TIMED_OUT = 3,
} clientcert_late;

/**
 * A request that is being described. Owned by the caller, used by one thread at a time, and as often as he likes, with
 * `clientcert_request_clear` in between; free it with `clientcert_request_free`. After a setter that failed, every
 * decision about it is `CLIENTCERT_ACTION_FORBID`, until it is cleared.
 */
typedef struct clientcert_request clientcert_request;

/**
 * Makes a request in which every field has the value that refuses.
 *
 * @return Owned by the caller. NULL only where the library failed inside; every call takes that NULL and refuses.
 * @since 1
 */
CLIENTCERT_MUST_USE clientcert_request *clientcert_request_new(void);

/**
 * Frees a request. Decisions about it stay as they are.
 *
 * @param[in] request Taken. NULL does nothing.
 * @since 1
 */
void clientcert_request_free(clientcert_request *request);

/**
 * Gives every field the value again that it had at first. Memory is kept for the next request.
 *
 * @param[in,out] request NULL does nothing.
 * @since 1
 */
void clientcert_request_clear(clientcert_request *request);

/**
 * Sets a field that takes text. `CLIENTCERT_REQUEST_USER` and `CLIENTCERT_REQUEST_CHALLENGE` add one.
 *
 * @param[in,out] request After a failure every decision about it refuses, until it is cleared.
 * @param[in] field A `CLIENTCERT_REQUEST_` below 100.
 * @param[in] value `length` bytes of UTF-8, which are copied. May be NULL where `length` is 0.
 * @param[in] length In bytes.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` where a pointer is NULL, the text is not UTF-8, the field takes no
 * text, or a control character stands in what becomes a header: the other log-in and the challenges.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_request_set_text(clientcert_request *request,
                                    int32_t field,
                                    const char *value,
                                    size_t length,
                                    clientcert_error **error);

/**
 * Sets a field that takes a number.
 *
 * @param[in,out] request After a failure every decision about it refuses, until it is cleared.
 * @param[in] field A `CLIENTCERT_REQUEST_` from 101.
 * @param[in] value The number.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_INVALID_ARGUMENT` where `request` is NULL, or the field takes no number, or not this
 * one.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_request_set_number(clientcert_request *request,
                                      int32_t field,
                                      int64_t value,
                                      clientcert_error **error);

/*
 * Decision: what a host does with a request, and what it answers.
 *
 *     clientcert_decision *decision = clientcert_decide(verifier, verdict, request, CLIENTCERT_NOW);
 *     if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_ALLOW)
 *         serve(clientcert_decision_verdict(decision));
 *
 * `docs/requests.md` says what to do for every action. Whatever is not `CLIENTCERT_ACTION_ALLOW` protects nothing that a
 * client could be let in by.
 */

/** What a host does. Treat a number that is not here as `CLIENTCERT_ACTION_FORBID`. */
typedef enum {
    /** The request goes on, with the identity of `clientcert_decision_verdict`. */
    CLIENTCERT_ACTION_ALLOW = 0,
    /** A CORS preflight: without a status it goes on without an identity, with one it is answered. */
    CLIENTCERT_ACTION_PREFLIGHT = 1,
    /** Renegotiate, asking for a certificate, and decide again. */
    CLIENTCERT_ACTION_ASK_RENEGOTIATE = 2,
    /** Ask for a certificate after the handshake of TLS 1.3, and decide again. */
    CLIENTCERT_ACTION_ASK_POST_HANDSHAKE = 3,
    /** Reset the stream with HTTP_1_1_REQUIRED, 0xd. */
    CLIENTCERT_ACTION_USE_HTTP_1_1 = 4,
    /** Redirect to the host that asks in its handshake. */
    CLIENTCERT_ACTION_ASK_ELSEWHERE = 5,
    /** Answer with the server's other log-in. */
    CLIENTCERT_ACTION_FALL_BACK = 6,
    /** Answer 401 with challenges. */
    CLIENTCERT_ACTION_CHALLENGE = 7,
    /** Answer 403. */
    CLIENTCERT_ACTION_FORBID = 8,
    /** Answer 425. */
    CLIENTCERT_ACTION_TOO_EARLY = 9,
    /** Answer 421. */
    CLIENTCERT_ACTION_MISDIRECTED = 10,
    /** Answer and end the connection, so that the client proves anew who it is. */
    CLIENTCERT_ACTION_REAUTHENTICATE = 11,
    /** Answer, end the connection, and remember that the user logged out. */
    CLIENTCERT_ACTION_LOG_OUT = 12,
    /** Answer 307, so that the client sends the request again. */
    CLIENTCERT_ACTION_RESEND = 13,
    /** Answer 408. */
    CLIENTCERT_ACTION_TIMED_OUT = 14,
    /** Answer 413. */
    CLIENTCERT_ACTION_TOO_LARGE = 15,
} clientcert_action;

/** Forms of a page. */
typedef enum {
    /** `text/plain; charset=utf-8` */
    CLIENTCERT_BODY_TEXT = 0,
    /** `text/html; charset=utf-8` */
    CLIENTCERT_BODY_HTML = 1,
    /** `application/json` */
    CLIENTCERT_BODY_JSON = 2,
} clientcert_body;

/**
 * What to do with one request. Owned by the caller; immutable and safe for threads; free it with
 * `clientcert_decision_free`. It may outlive everything that it was made of.
 */
typedef struct clientcert_decision clientcert_decision;

/**
 * Decides what to do with one request.
 *
 * It reads no file and makes no system call but for the time, so it may be called for every request. The verdict of the
 * connection is looked at again: a certificate that expired or was revoked meanwhile lets nobody go on.
 *
 * @param[in] verifier Borrowed: the verifier of the host that the request names.
 * @param[in] verdict Borrowed: what the connection was judged, by this verifier or by another one.
 * @param[in] request Borrowed, and not changed.
 * @param[in] time The moment to decide for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
 * @return Owned by the caller. Never NULL: where an argument is NULL, a setter of the request failed, or the library fails
 * inside, it is `CLIENTCERT_ACTION_FORBID` for `internal_error`.
 * @since 1
 */
CLIENTCERT_MUST_USE
clientcert_decision *clientcert_decide(const clientcert_verifier *verifier,
                                       const clientcert_verdict *verdict,
                                       const clientcert_request *request,
                                       int64_t time);

/**
 * Frees a decision.
 *
 * @param[in] decision Taken. NULL does nothing.
 * @since 1
 */
void clientcert_decision_free(clientcert_decision *decision);

/**
 * What to do.
 *
 * @param[in] decision Borrowed.
 * @return A `CLIENTCERT_ACTION_`; `CLIENTCERT_ACTION_FORBID` for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_decision_action(const clientcert_decision *decision);

/**
 * The HTTP status of the answer.
 *
 * @param[in] decision Borrowed.
 * @return 0 where there is no answer, because the request goes on or the client is asked; 403 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_decision_status(const clientcert_decision *decision);

/**
 * How many header fields the answer has. A name may come several times, such as `WWW-Authenticate`.
 *
 * @param[in] decision Borrowed.
 * @return The indices of the next two functions are below it; 0 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE size_t clientcert_decision_header_count(const clientcert_decision *decision);

/**
 * The name of a header field.
 *
 * @param[in] decision Borrowed.
 * @param[in] index Below `clientcert_decision_header_count`.
 * @return Lives as long as the decision. NULL for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_decision_header_name(const clientcert_decision *decision, size_t index);

/**
 * The value of a header field. No control character is in it.
 *
 * @param[in] decision Borrowed.
 * @param[in] index Below `clientcert_decision_header_count`.
 * @param[out] length May be NULL. In bytes, without the last NUL.
 * @return Lives as long as the decision. NULL, and a length of 0, for any other index.
 * @since 1
 */
CLIENTCERT_MUST_USE
const char *clientcert_decision_header_value(const clientcert_decision *decision,
                                             size_t index,
                                             size_t *length);

/**
 * The page of the answer: the cause in words. All that is in it is the library's own.
 *
 * @param[in] decision Borrowed.
 * @param[in] format A `CLIENTCERT_BODY_`, which is also the `Content-Type` that the host sends.
 * @param[out] length May be NULL. In bytes, without the last NUL.
 * @return Lives as long as the decision. NULL, and a length of 0, where there is no answer, for another format, and for
 * NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
const char *clientcert_decision_body(const clientcert_decision *decision,
                                     int32_t format,
                                     size_t *length);

/**
 * Why the request does not simply go on.
 *
 * @param[in] decision Borrowed.
 * @return The stable name of a reason (`certificate_expired`) or of another cause (`late_declined`, see
 * `docs/requests.md`). Lives as long as the decision. NULL where the request goes on; `internal_error` for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_decision_cause(const clientcert_decision *decision);

/**
 * The TLS alert that says it, where the handshake is still open and the verdict is not accepted.
 *
 * @param[in] decision Borrowed.
 * @param[in] tls_version As on the wire: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3.
 * @return The description of a fatal alert (RFC 8446 section 6.2); 0 where there is none to send; 80, internal_error, for
 * NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_decision_alert(const clientcert_decision *decision,
                                  int32_t tls_version);

/**
 * Whether the connection ends with the answer.
 *
 * @param[in] decision Borrowed.
 * @return 1 or 0; 1 for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_decision_closes(const clientcert_decision *decision);

/**
 * Whether the session of the connection may be resumed: a ticket sent, or an entry kept.
 *
 * @param[in] decision Borrowed.
 * @return 1 only where a session may be kept; 0 else, and for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE int32_t clientcert_decision_session_cacheable(const clientcert_decision *decision);

/**
 * The error code to reset the stream with, in HTTP/2.
 *
 * @param[in] decision Borrowed.
 * @return 0xd, HTTP_1_1_REQUIRED, for `CLIENTCERT_ACTION_USE_HTTP_1_1`; 0 else, and for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE uint32_t clientcert_decision_http2_error(const clientcert_decision *decision);

/**
 * Who the client is, in a text that only equals itself. The host gives it back with the next request of the connection as
 * `CLIENTCERT_REQUEST_IDENTITY_BEFORE`: the last that was not empty.
 *
 * @param[in] decision Borrowed.
 * @return Never NULL; empty without a certificate, where it does not count for this request, and for NULL. Lives as long
 * as the decision.
 * @since 1
 */
CLIENTCERT_MUST_USE
const char *clientcert_decision_identity(const clientcert_decision *decision);

/**
 * The verdict that decided: the connection's, looked at again where that was due, or one without a certificate where the
 * certificate does not count for this request (a preflight, a user who logged out). An application learns here who the
 * client is. The verdict of the connection stays the host's to keep.
 *
 * @param[in] decision Borrowed.
 * @return Lives as long as the decision; `clientcert_verdict_ref` makes it live longer. NULL for NULL, which reads as a
 * verdict that is FAILED.
 * @since 1
 */
CLIENTCERT_MUST_USE
const clientcert_verdict *clientcert_decision_verdict(const clientcert_decision *decision);

/**
 * The record of the decision for a log: one line of JSON, without a line end, whatever a client wrote.
 *
 * @param[in] decision Borrowed.
 * @param[out] length May be NULL. In bytes, without the last NUL.
 * @return Lives as long as the decision. NULL, and a length of 0, for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE const char *clientcert_decision_audit(const clientcert_decision *decision, size_t *length);

/*
 * Ticket: the identity of a client that another host asked for its certificate, handed back.
 *
 * A host that cannot ask (`CLIENTCERT_ACTION_ASK_ELSEWHERE`) sends the browser to `certificate_host`, with a question in
 * the parameter `clientcert_question` of the URL and a nonce in the cookie `__Host-clientcert`. That host verifies the
 * client in its handshake, answers the question with `clientcert_ticket_new`, and redirects to
 * `clientcert_ticket_location`. The first host finds the ticket in the parameter `clientcert_ticket` and redeems it with
 * `clientcert_ticket_redeem`. Both hosts need the same `session_key`, which verifiers of one process share by default.
 */

/**
 * The answer to a question of another host. Owned by the caller; immutable and safe for threads; free it with
 * `clientcert_ticket_free`.
 */
typedef struct clientcert_ticket clientcert_ticket;

/**
 * Answers a question of another host about the client of this connection.
 *
 * @param[in] verifier Borrowed: of this host, which asked the client in its handshake.
 * @param[in] verdict Borrowed: on this client. Only `CLIENTCERT_SUCCESS` is vouched for.
 * @param[in] question Text: the value of the parameter `clientcert_question` of the request's URL.
 * @param[in] handshake_time When this client proved that it holds the key, in seconds since 1970-01-01T00:00:00Z, or
 * `CLIENTCERT_NOW`. A resumption does not renew it.
 * @param[out] out Owned by the caller. NULL on failure.
 * @param[out] error May be NULL. Written on failure; then owned by the caller.
 * @return `CLIENTCERT_OK`; `CLIENTCERT_NOT_ENTITLED` where the client is not verified; `CLIENTCERT_INVALID_ARGUMENT` where
 * the question was not made with one of the session keys or is older than five minutes, or where a pointer is NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
int32_t clientcert_ticket_new(const clientcert_verifier *verifier,
                              const clientcert_verdict *verdict,
                              const char *question,
                              int64_t handshake_time,
                              clientcert_ticket **out,
                              clientcert_error **error);

/**
 * Where to redirect the browser (status 303): back to the host that asked, with the ticket. Nobody without the session key
 * can have chosen it.
 *
 * @param[in] ticket Borrowed.
 * @param[out] length May be NULL. In bytes.
 * @return ASCII; lives as long as the ticket. NULL, and a length of 0, for NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
const char *clientcert_ticket_location(const clientcert_ticket *ticket,
                                       size_t *length);

/**
 * Frees a ticket. What the browser has of it stays good.
 *
 * @param[in] ticket Taken. NULL does nothing.
 * @since 1
 */
void clientcert_ticket_free(clientcert_ticket *ticket);

/**
 * Redeems a ticket, once: verifies the client that it is about by the policy of this verifier.
 *
 * The browser proved to the other host that it holds the key, and that host vouches for it. Keep the verdict for later
 * requests under a random cookie of your own, redirect to the URL without the ticket, and ask `clientcert_decide` or
 * `clientcert_verdict_recheck` with it. Used tickets are remembered by the verifier, that is by its process.
 *
 * @param[in] verifier Borrowed: of this host. NULL gives a verdict that is FAILED for `internal_error`.
 * @param[in] ticket Text: the value of the parameter `clientcert_ticket` of the request's URL.
 * @param[in] host Text: the name of this host as in the request (Host or :authority), with its port if it has one.
 * @param[in] nonce Text: the value of the browser's cookie `__Host-clientcert`.
 * @param[in] time The moment to redeem it for, in seconds since 1970-01-01T00:00:00Z, or `CLIENTCERT_NOW`.
 * @param[out] handshake_time May be NULL. When the client proved that it holds the key, in seconds since
 * 1970-01-01T00:00:00Z; 0 where the ticket is not good.
 * @return Owned by the caller, never NULL. FAILED for `ticket_invalid` (also where a text is NULL or not UTF-8),
 * `ticket_expired` (more than 30 seconds old) or `ticket_used` where the ticket is not good; else what
 * `clientcert_verify` says of the client.
 * @since 1
 */
CLIENTCERT_MUST_USE
clientcert_verdict *clientcert_ticket_redeem(const clientcert_verifier *verifier,
                                             const char *ticket,
                                             const char *host,
                                             const char *nonce,
                                             int64_t time,
                                             int64_t *handshake_time);
#ifdef __cplusplus
}
#endif

#endif

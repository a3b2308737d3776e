/*
 * The OpenSSL that is installed, as a peer of the report: X509_verify_cert from the certificate's bytes to the answer.
 *
 * It is told what to do line by line on standard input and answers each line with one of its own, so that the report
 * can interleave its rounds with those of the other contenders. Times are CPU time of this thread, in nanoseconds.
 *
 *   anchors FILE               read PEM certificates into a new X509_STORE  -> INDEX NANOSECONDS
 *   chains FILE                read chains, each as a 4-byte length and DER -> INDEX COUNT
 *   verify ANCHORS CHAINS N    verify every chain N times                   -> NANOSECONDS ACCEPTED FIRST_ERROR
 *   parse CHAINS N             read every leaf N times, with its extensions -> NANOSECONDS
 *   fields CHAINS N            render subject, serial, SANs and two fingerprints of every leaf N times, from DER
 *                                                                           -> NANOSECONDS BYTES
 *   load FILE ISSUER           read a DER CRL until it answers, its signature checked with the certificate's key; then
 *                              forget it                                    -> NANOSECONDS BYTES_OF_HEAP
 *   crl ANCHORS FILE           add a DER CRL, and ask for CRLs of the whole chain -> INDEX
 *   version                                                                 -> the library's version
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

enum { MAX_SETS = 256 };

struct chain {
    unsigned char *der;
    long length;
};

struct chains {
    struct chain *items;
    size_t count;
};

static X509_STORE *stores[MAX_SETS];
static struct chains sets[MAX_SETS];
static size_t store_count, set_count;

static void fail(const char *what)
{
    fprintf(stderr, "openssl peer: %s\n", what);
    exit(1);
}

static int64_t cpu_time(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0)
        fail("no CPU clock of this thread");
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void load_anchors(const char *path)
{
    int64_t started = cpu_time();
    X509_STORE *store = X509_STORE_new();
    BIO *file = BIO_new_file(path, "r");
    X509 *certificate;

    if (store == NULL || file == NULL || store_count == MAX_SETS)
        fail("cannot load anchors");
    while ((certificate = PEM_read_bio_X509(file, NULL, NULL, NULL)) != NULL) {
        if (!X509_STORE_add_cert(store, certificate))
            fail("cannot add an anchor");
        X509_free(certificate);
    }
    BIO_free(file);
    stores[store_count] = store;
    printf("%zu %lld\n", store_count++, (long long)(cpu_time() - started));
}

static void load_chains(const char *path)
{
    struct chains set = { NULL, 0 };
    unsigned char header[4];
    FILE *file = fopen(path, "rb");

    if (file == NULL || set_count == MAX_SETS)
        fail("cannot load chains");
    while (fread(header, 1, sizeof header, file) == sizeof header) {
        long length = (long)header[0] << 24 | (long)header[1] << 16 | (long)header[2] << 8 | (long)header[3];
        struct chain chain = { malloc((size_t)length), length };

        set.items = realloc(set.items, (set.count + 1) * sizeof *set.items);
        if (chain.der == NULL || set.items == NULL || fread(chain.der, 1, (size_t)length, file) != (size_t)length)
            fail("cannot read a chain");
        set.items[set.count++] = chain;
    }
    fclose(file);
    sets[set_count] = set;
    printf("%zu %zu\n", set_count++, set.count);
}

/* Returns 1 where the chain is accepted; otherwise 0, and in *error the X509_V_ERR number (-1: it cannot be read). */
static int verify(X509_STORE *store, const struct chain *chain, int *error)
{
    const unsigned char *at = chain->der, *end = chain->der + chain->length;
    X509 *leaf = d2i_X509(NULL, &at, end - at), *certificate;
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    int accepted = 0;

    *error = -1;
    if (untrusted == NULL || context == NULL)
        fail("out of memory");
    while (leaf != NULL && at < end && (certificate = d2i_X509(NULL, &at, end - at)) != NULL)
        if (!sk_X509_push(untrusted, certificate))
            fail("out of memory");
    if (leaf != NULL && at == end) {
        if (!X509_STORE_CTX_init(context, store, leaf, untrusted)
            || !X509_STORE_CTX_set_default(context, "ssl_client"))
            fail("cannot set a verification up");
        accepted = X509_verify_cert(context) == 1;
        *error = X509_STORE_CTX_get_error(context);
    }
    X509_STORE_CTX_free(context);
    sk_X509_pop_free(untrusted, X509_free);
    X509_free(leaf);
    return accepted;
}

static void run_verify(X509_STORE *store, const struct chains *set, long repeat)
{
    long accepted = 0;
    int first_error = 0, error;
    int64_t started = cpu_time();

    for (long round = 0; round < repeat; round++)
        for (size_t i = 0; i < set->count; i++) {
            accepted += verify(store, &set->items[i], &error);
            if (first_error == 0)
                first_error = error;
        }
    printf("%lld %ld %d\n", (long long)(cpu_time() - started), accepted, first_error);
}

/* The content of a file, in memory that the next call reuses. */
static const unsigned char *read_file(const char *path, long *length)
{
    static unsigned char *bytes;
    FILE *file = fopen(path, "rb");

    if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (*length = ftell(file)) < 0)
        fail("cannot open a file");
    rewind(file);
    bytes = realloc(bytes, (size_t)*length + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)*length, file) != (size_t)*length)
        fail("cannot read a file");
    fclose(file);
    return bytes;
}

static X509_CRL *read_crl(const char *path)
{
    long length;
    const unsigned char *at = read_file(path, &length);
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, length);

    if (crl == NULL)
        fail("cannot read a CRL");
    return crl;
}

static size_t heap(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static void load_crl(const char *path, const char *issuer_path)
{
    long length;
    const unsigned char *at = read_file(issuer_path, &length);
    X509 *issuer = d2i_X509(NULL, &at, length);
    const unsigned char *der = read_file(path, &length);
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    X509_REVOKED *found;
    X509_CRL *crl;
    size_t before = heap();
    int64_t started = cpu_time(), loaded;

    at = der;
    crl = d2i_X509_CRL(NULL, &at, length);
    if (issuer == NULL || serial == NULL || !ASN1_INTEGER_set(serial, 1) || crl == NULL
        || X509_CRL_verify(crl, X509_get0_pubkey(issuer)) != 1)
        fail("cannot load a CRL");
    /* The first question sorts the entries. */
    X509_CRL_get0_by_serial(crl, &found, serial);
    loaded = cpu_time() - started;
    printf("%lld %zu\n", (long long)loaded, heap() - before);
    X509_CRL_free(crl);
    X509_free(issuer);
    ASN1_INTEGER_free(serial);
}

static void add_crl(X509_STORE *store, size_t index, const char *path)
{
    X509_CRL *crl = read_crl(path);

    if (!X509_STORE_add_crl(store, crl) || !X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL))
        fail("cannot add a CRL");
    X509_CRL_free(crl);
    printf("%zu\n", index);
}

static X509 *read_leaf(const struct chain *chain)
{
    const unsigned char *at = chain->der;
    X509 *leaf = d2i_X509(NULL, &at, chain->length);

    if (leaf == NULL)
        fail("cannot read a leaf");
    return leaf;
}

static void run_parse(const struct chains *set, long repeat)
{
    int64_t started = cpu_time();

    for (long round = 0; round < repeat; round++)
        for (size_t i = 0; i < set->count; i++) {
            X509 *leaf = read_leaf(&set->items[i]);

            if (X509_check_purpose(leaf, -1, 0) != 1)
                fail("cannot read extensions");
            X509_free(leaf);
        }
    printf("%lld\n", (long long)(cpu_time() - started));
}

static size_t render(X509 *leaf, BIO *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length;
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(leaf), NULL);
    char *digits = BN_bn2hex(serial), *text;
    size_t length;

    X509_NAME_print_ex(out, X509_get_subject_name(leaf), 0, XN_FLAG_RFC2253);
    BIO_puts(out, digits);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_EMAIL || name->type == GEN_DNS || name->type == GEN_URI)
            BIO_write(out, ASN1_STRING_get0_data(name->d.ia5), ASN1_STRING_length(name->d.ia5));
    }
    if (!X509_digest(leaf, EVP_sha1(), digest, &digest_length))
        fail("cannot hash");
    text = OPENSSL_buf2hexstr(digest, digest_length);
    BIO_puts(out, text);
    OPENSSL_free(text);
    if (!X509_digest(leaf, EVP_sha256(), digest, &digest_length))
        fail("cannot hash");
    text = OPENSSL_buf2hexstr(digest, digest_length);
    BIO_puts(out, text);
    OPENSSL_free(text);
    OPENSSL_free(digits);
    BN_free(serial);
    GENERAL_NAMES_free(names);
    length = BIO_ctrl_pending(out);
    BIO_reset(out);
    return length;
}

static void run_fields(const struct chains *set, long repeat)
{
    BIO *out = BIO_new(BIO_s_mem());
    size_t bytes = 0;
    int64_t started = cpu_time();

    if (out == NULL)
        fail("out of memory");
    for (long round = 0; round < repeat; round++)
        for (size_t i = 0; i < set->count; i++) {
            X509 *leaf = read_leaf(&set->items[i]);

            bytes += render(leaf, out);
            X509_free(leaf);
        }
    printf("%lld %zu\n", (long long)(cpu_time() - started), bytes);
    BIO_free(out);
}

static struct chains *chains_at(size_t index)
{
    if (index >= set_count)
        fail("no such chains");
    return &sets[index];
}

static X509_STORE *store_at(size_t index)
{
    if (index >= store_count)
        fail("no such anchors");
    return stores[index];
}

int main(void)
{
    char line[8300], path[4096], issuer[4096];
    size_t anchors, chains;
    long repeat;

    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "anchors %4095s", path) == 1)
            load_anchors(path);
        else if (sscanf(line, "chains %4095s", path) == 1)
            load_chains(path);
        else if (sscanf(line, "verify %zu %zu %ld", &anchors, &chains, &repeat) == 3)
            run_verify(store_at(anchors), chains_at(chains), repeat);
        else if (sscanf(line, "parse %zu %ld", &chains, &repeat) == 2)
            run_parse(chains_at(chains), repeat);
        else if (sscanf(line, "fields %zu %ld", &chains, &repeat) == 2)
            run_fields(chains_at(chains), repeat);
        else if (sscanf(line, "load %4095s %4095s", path, issuer) == 2)
            load_crl(path, issuer);
        else if (sscanf(line, "crl %zu %4095s", &anchors, path) == 2)
            add_crl(store_at(anchors), anchors, path);
        else if (strncmp(line, "version", 7) == 0)
            puts(OpenSSL_version(OPENSSL_VERSION));
        else
            fail("an unknown command");
        fflush(stdout);
    }
    return 0;
}

/*
 * What the installed OpenSSL makes of certificates, for tests/renderings.rs to compare with.
 *
 * In: certificates, each a 32-bit little-endian length and the DER. Out: for each, 32-bit little-endian number of
 * fields (0 where OpenSSL cannot read it), and each field as a length and bytes; the length 0xffffffff is "absent".
 */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 23
#define ABSENT 0xffffffffu

static unsigned written;

static void die(const char *what)
{
    fprintf(stderr, "oracle: %s\n", what);
    exit(1);
}

static void put_number(uint32_t number)
{
    for (int shift = 0; shift < 32; shift += 8)
        putchar((int)(number >> shift & 0xff));
}

static void put(const void *data, size_t length)
{
    put_number((uint32_t)length);
    if (length != 0 && fwrite(data, 1, length, stdout) != length)
        die("cannot write");
    written++;
}

static void put_absent(void)
{
    put_number(ABSENT);
    written++;
}

static BIO *memory(void)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (bio == NULL)
        die("out of memory");
    return bio;
}

static void put_bio(BIO *bio)
{
    char *data = NULL;
    long length = BIO_get_mem_data(bio, &data);
    put(data, length < 0 ? 0 : (size_t)length);
    BIO_free(bio);
}

static void put_name(const X509_NAME *name, unsigned long flags)
{
    BIO *bio = memory();
    if (X509_NAME_print_ex(bio, name, 0, flags) < 0) {
        BIO_free(bio);
        put_absent();
    } else {
        put_bio(bio);
    }
}

static void put_oneline(const X509_NAME *name)
{
    char *line = X509_NAME_oneline(name, NULL, 0);
    if (line == NULL)
        die("X509_NAME_oneline");
    put(line, strlen(line));
    OPENSSL_free(line);
}

/* The form of HAProxy: "/", short name or dotted type, "=", the bytes as they are. */
static void put_slashed(const X509_NAME *name)
{
    BIO *bio = memory();
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        const ASN1_OBJECT *type = X509_NAME_ENTRY_get_object(entry);
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
        char dotted[80] = "";
        int nid = OBJ_obj2nid(type);
        if (nid == NID_undef)
            OBJ_obj2txt(dotted, sizeof(dotted), type, 0);
        BIO_printf(bio, "/%s=", nid == NID_undef ? dotted : OBJ_nid2sn(nid));
        BIO_write(bio, ASN1_STRING_get0_data(value), ASN1_STRING_length(value));
    }
    put_bio(bio);
}

/* Every value as Apache's SSL_CLIENT_S_DN_x give it, each ended by a 32-bit length of what is before it. */
static void put_values(const X509_NAME *name, unsigned long flags)
{
    BIO *bio = memory();
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        BIO *one = memory();
        char *data = NULL;
        unsigned char size[4];
        long length;
        ASN1_STRING_print_ex(one, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)), flags);
        length = BIO_get_mem_data(one, &data);
        for (int byte = 0; byte < 4; byte++)
            size[byte] = (unsigned char)(length >> 8 * byte);
        BIO_write(bio, data, (int)length);
        BIO_write(bio, size, 4);
        BIO_free(one);
    }
    put_bio(bio);
}

static void put_time(const ASN1_TIME *time)
{
    BIO *bio = memory();
    ASN1_TIME_print(bio, time);
    put_bio(bio);
}

static void put_general_names(const X509 *certificate)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    BIO *bio;
    if (names == NULL) {
        put_absent();
        return;
    }
    bio = memory();
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (i > 0)
            BIO_puts(bio, ", ");
        GENERAL_NAME_print(bio, sk_GENERAL_NAME_value(names, i));
    }
    put_bio(bio);
    GENERAL_NAMES_free(names);
}

static void put_digest(const X509 *certificate, const EVP_MD *kind)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (!X509_digest(certificate, kind, digest, &length))
        die("X509_digest");
    put(digest, length);
}

static void put_key_digest(X509 *certificate)
{
    unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (length <= 0 || !EVP_Digest(der, (size_t)length, digest, &size, EVP_sha256(), NULL))
        die("i2d_X509_PUBKEY");
    put(digest, size);
    OPENSSL_free(der);
}

static void put_algorithm(const ASN1_OBJECT *algorithm)
{
    int nid = OBJ_obj2nid(algorithm);
    if (nid == NID_undef) {
        put_absent();
        put_absent();
    } else {
        put(OBJ_nid2sn(nid), strlen(OBJ_nid2sn(nid)));
        put(OBJ_nid2ln(nid), strlen(OBJ_nid2ln(nid)));
    }
}

static void put_all(X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    const X509_NAME *issuer = X509_get_issuer_name(certificate);
    ASN1_INTEGER *serial = X509_get_serialNumber(certificate);
    const ASN1_OBJECT *algorithm;
    ASN1_OBJECT *key_algorithm;
    EVP_PKEY *key;
    BIGNUM *number;
    char *decimal, bits[16];
    BIO *bio;

    put_name(subject, XN_FLAG_RFC2253);                            /* 0 */
    put_name(issuer, XN_FLAG_RFC2253);                             /* 1 */
    put_name(subject, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);    /* 2 */
    put_name(issuer, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);     /* 3 */
    put_oneline(subject);                                          /* 4 */
    put_oneline(issuer);                                           /* 5 */
    put_slashed(subject);                                          /* 6 */
    put_values(subject, ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_UTF8_CONVERT); /* 7 */
    put_values(subject, ASN1_STRFLGS_ESC_CTRL);                    /* 8 */

    bio = memory();
    i2a_ASN1_INTEGER(bio, serial);
    put_bio(bio);                                                  /* 9 */
    put(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial)); /* 10 */
    number = ASN1_INTEGER_to_BN(serial, NULL);
    decimal = BN_bn2dec(number);
    put(decimal, strlen(decimal));                                 /* 11 */
    OPENSSL_free(decimal);
    BN_free(number);

    put_time(X509_get0_notBefore(certificate));                    /* 12 */
    put_time(X509_get0_notAfter(certificate));                     /* 13 */
    put_digest(certificate, EVP_sha1());                           /* 14 */
    put_digest(certificate, EVP_sha256());                         /* 15 */
    put_key_digest(certificate);                                   /* 16 */
    put_general_names(certificate);                                /* 17 */

    bio = memory();
    PEM_write_bio_X509(bio, certificate);
    put_bio(bio);                                                  /* 18 */

    X509_ALGOR_get0(&algorithm, NULL, NULL, X509_get0_tbs_sigalg(certificate));
    put_algorithm(algorithm);                                      /* 19, 20 */
    X509_PUBKEY_get0_param(&key_algorithm, NULL, NULL, NULL, X509_get_X509_PUBKEY(certificate));
    bio = memory();
    if (OBJ_obj2nid(key_algorithm) != NID_undef)
        BIO_printf(bio, "%s\n%s", OBJ_nid2sn(OBJ_obj2nid(key_algorithm)), OBJ_nid2ln(OBJ_obj2nid(key_algorithm)));
    put_bio(bio);                                                  /* 21 */
    key = X509_get0_pubkey(certificate);
    if (key == NULL) {
        put_absent();                                              /* 22 */
    } else {
        snprintf(bits, sizeof(bits), "%d", EVP_PKEY_bits(key));
        put(bits, strlen(bits));
    }
}

static int get_number(uint32_t *number)
{
    unsigned char bytes[4];
    size_t got = fread(bytes, 1, 4, stdin);
    if (got == 0)
        return 0;
    if (got != 4)
        die("truncated length");
    *number = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return 1;
}

/* With the argument "objects": every object identifier that OpenSSL knows, as hex, short and long name. */
static void list_objects(void)
{
    for (int nid = 1; nid < 4000; nid++) {
        ASN1_OBJECT *object = OBJ_nid2obj(nid);
        size_t length = object == NULL ? 0 : OBJ_length(object);
        if (length == 0)
            continue;
        for (size_t i = 0; i < length; i++)
            printf("%02x", OBJ_get0_data(object)[i]);
        printf("\t%s\t%s\n", OBJ_nid2sn(nid), OBJ_nid2ln(nid));
    }
}

int main(int count, char **arguments)
{
    uint32_t length;
    if (count > 1 && strcmp(arguments[1], "objects") == 0) {
        list_objects();
        return 0;
    }
    while (get_number(&length)) {
        unsigned char *der = malloc(length ? length : 1);
        const unsigned char *end = der;
        X509 *certificate;
        if (der == NULL || fread(der, 1, length, stdin) != length)
            die("truncated certificate");
        certificate = d2i_X509(NULL, &end, (long)length);
        if (certificate == NULL || end != der + length) {
            put_number(0);
        } else {
            put_number(FIELDS);
            written = 0;
            put_all(certificate);
            if (written != FIELDS)
                die("wrong number of fields");
        }
        X509_free(certificate);
        ERR_clear_error();
        free(der);
    }
    return fflush(stdout) != 0;
}

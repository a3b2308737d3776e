/* The versions of header and library agree. */

#include "common.h"

int main(void) {
    char version[64];
    snprintf(version, sizeof version, "%d.%d.%d", CLIENTCERT_VERSION_MAJOR, CLIENTCERT_VERSION_MINOR,
             CLIENTCERT_VERSION_PATCH);
    CHECK(equal(clientcert_version(), version));
    CHECK(clientcert_abi_version() == CLIENTCERT_ABI_VERSION);
    return 0;
}

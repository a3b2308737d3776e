// Package cloop verifies in a loop in C: what a verification costs without Go, for comparison.
package cloop

// #cgo pkg-config: clientcert
// #include <clientcert.h>
//
// static size_t verify(const clientcert_verifier *verifier, const uint8_t *chain, size_t length, size_t count) {
//     size_t verified = 0;
//
//     while (count-- > 0) {
//         clientcert_verdict *verdict = clientcert_verify(verifier, chain, length, CLIENTCERT_NOW);
//
//         verified += clientcert_verdict_verified(verdict) == 1;
//         clientcert_verdict_free(verdict);
//     }
//     return verified;
// }
import "C"

import (
	"unsafe"

	"clientcert.dev/go/internal/raw"
)

// Verify verifies a chain so many times, and counts the verdicts that are Success.
func Verify(verifier raw.Verifier, chain []byte, count int) int {
	return int(C.verify((*C.clientcert_verifier)(verifier), (*C.uint8_t)(unsafe.SliceData(chain)), C.size_t(len(chain)), C.size_t(count)))
}

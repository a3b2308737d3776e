package raw

// #include <clientcert.h>
import "C"

import "unsafe"

// Verifier is a clientcert_verifier.
type Verifier unsafe.Pointer

func verifierOf(verifier Verifier) *C.clientcert_verifier { return (*C.clientcert_verifier)(verifier) }

func VerifierNew(config Config) (Verifier, *Failure) {
	var verifier *C.clientcert_verifier
	var err *C.clientcert_error
	status := C.clientcert_verifier_new(configOf(config), &verifier, &err)
	return Verifier(verifier), failure(status, err)
}

func VerifierRef(verifier Verifier) Verifier {
	return Verifier(C.clientcert_verifier_ref(verifierOf(verifier)))
}

func VerifierFree(verifier Verifier) { C.clientcert_verifier_free(verifierOf(verifier)) }

func VerifierReload(verifier Verifier) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_verifier_reload(verifierOf(verifier), &err)
	return failure(status, err)
}

func VerifierRefresh(verifier Verifier) (changed bool, _ *Failure) {
	var err *C.clientcert_error
	var new C.int32_t
	status := C.clientcert_verifier_refresh(verifierOf(verifier), &new, &err)
	return new == 1, failure(status, err)
}

func VerifierUnread(verifier Verifier) uint64 {
	return uint64(C.clientcert_verifier_unread(verifierOf(verifier)))
}

func VerifierStatistic(verifier Verifier, which int32) uint64 {
	return uint64(C.clientcert_verifier_statistic(verifierOf(verifier), C.int32_t(which)))
}

func VerifierPolicy(verifier Verifier) Policy {
	return Policy(C.clientcert_verifier_policy(verifierOf(verifier)))
}

func VerifierPolicyID(verifier Verifier, host string) ([32]byte, *Failure) {
	var identity [32]byte
	var err *C.clientcert_error
	status := C.clientcert_verifier_policy_id(verifierOf(verifier), text(host), (*C.uint8_t)(unsafe.Pointer(&identity[0])), &err)
	return identity, failure(status, err)
}

func VerifierRegistry(verifier Verifier) Registry {
	return Registry(C.clientcert_verifier_registry(verifierOf(verifier)))
}

func Verify(verifier Verifier, chain []byte, time int64) Verdict {
	bytes, length := octets(chain)
	return Verdict(C.clientcert_verify(verifierOf(verifier), bytes, length, C.int64_t(time)))
}

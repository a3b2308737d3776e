package raw

// #include <clientcert.h>
import "C"

import "unsafe"

// Registry is a clientcert_registry, for one thread at a time.
type Registry unsafe.Pointer

func registryOf(registry Registry) *C.clientcert_registry { return (*C.clientcert_registry)(registry) }

func RegistryNew(url string) (Registry, *Failure) {
	var registry *C.clientcert_registry
	var err *C.clientcert_error
	status := C.clientcert_registry_new(text(url), &registry, &err)
	return Registry(registry), failure(status, err)
}

func RegistryFree(registry Registry) { C.clientcert_registry_free(registryOf(registry)) }

func RegistryActAs(registry Registry, actor string) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_registry_act_as(registryOf(registry), text(actor), &err)
	return failure(status, err)
}

func RegistryEnrolVerdict(registry Registry, verdict Verdict, user string, label *string) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_registry_enrol_verdict(registryOf(registry), verdictOf(verdict), text(user), optionalText(label), &err)
	return failure(status, err)
}

func RegistryEnrolCertificate(registry Registry, user string, certificate []byte, fields *string) *Failure {
	var err *C.clientcert_error
	bytes, length := octets(certificate)
	status := C.clientcert_registry_enrol_certificate(registryOf(registry), text(user), bytes, length, optionalText(fields), &err)
	return failure(status, err)
}

func RegistryEnrolFingerprint(registry Registry, user, key string, fields *string) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_registry_enrol_fingerprint(registryOf(registry), text(user), text(key), optionalText(fields), &err)
	return failure(status, err)
}

func RegistryRenewBeside(registry Registry, verdict, registered Verdict, label *string) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_registry_renew_beside(registryOf(registry), verdictOf(verdict), verdictOf(registered), optionalText(label),
		&err)
	return failure(status, err)
}

func RegistryRenewSigned(registry Registry, verdict Verdict, signer []byte, label *string) *Failure {
	var err *C.clientcert_error
	bytes, length := octets(signer)
	status := C.clientcert_registry_renew_signed(registryOf(registry), verdictOf(verdict), bytes, length, optionalText(label), &err)
	return failure(status, err)
}

func RegistryChange(registry Registry, verb, subject string, value *string) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_registry_change(registryOf(registry), text(verb), text(subject), optionalText(value), &err)
	return failure(status, err)
}

func RegistryUsed(registry Registry, key string, time int64) *Failure {
	var err *C.clientcert_error
	status := C.clientcert_registry_used(registryOf(registry), text(key), C.int64_t(time), &err)
	return failure(status, err)
}

func RegistryImport(registry Registry, format string, data []byte, user *string) *Failure {
	var err *C.clientcert_error
	bytes, length := octets(data)
	status := C.clientcert_registry_import(registryOf(registry), text(format), bytes, length, optionalText(user), &err)
	return failure(status, err)
}

func RegistryList(registry Registry, what string, value *string) (string, *Failure) {
	var list *C.char
	var err *C.clientcert_error
	status := C.clientcert_registry_list(registryOf(registry), text(what), optionalText(value), &list, &err)
	listed, _ := copyString(list)
	return listed, failure(status, err)
}

func RegistryAudit(registry Registry) (string, bool) {
	return copyString(C.clientcert_registry_audit(registryOf(registry)))
}

package raw

// #include <clientcert.h>
import "C"

import "unsafe"

// Policy is a clientcert_policy.
type Policy unsafe.Pointer

// CRLReport is a clientcert_crl_report.
type CRLReport unsafe.Pointer

func policyOf(policy Policy) *C.clientcert_policy { return (*C.clientcert_policy)(policy) }

func crlReportOf(report CRLReport) *C.clientcert_crl_report {
	return (*C.clientcert_crl_report)(report)
}

func PolicyFree(policy Policy) { C.clientcert_policy_free(policyOf(policy)) }

func PolicyMode(policy Policy) int32 { return int32(C.clientcert_policy_mode(policyOf(policy))) }

func PolicyEnforcement(policy Policy) int32 {
	return int32(C.clientcert_policy_enforcement(policyOf(policy)))
}

func PolicyIdentity(policy Policy) []byte {
	var length C.size_t
	identity := C.clientcert_policy_identity(policyOf(policy), &length)
	return copyOctets(identity, length)
}

func PolicyWarningCount(policy Policy) int {
	return int(C.clientcert_policy_warning_count(policyOf(policy)))
}

func PolicyWarning(policy Policy, index int) (string, bool) {
	return copyString(C.clientcert_policy_warning(policyOf(policy), C.size_t(index)))
}

func PolicyCANameCount(policy Policy) int {
	return int(C.clientcert_policy_ca_name_count(policyOf(policy)))
}

func PolicyCAName(policy Policy, index int) []byte {
	var length C.size_t
	name := C.clientcert_policy_ca_name(policyOf(policy), C.size_t(index), &length)
	return copyOctets(name, length)
}

func PolicyCRLReport(policy Policy, time int64) CRLReport {
	return CRLReport(C.clientcert_policy_crl_report(policyOf(policy), C.int64_t(time)))
}

func CRLReportCount(report CRLReport) int {
	return int(C.clientcert_crl_report_count(crlReportOf(report)))
}

func CRLReportGet(report CRLReport, index int, name string) (string, bool) {
	var length C.size_t
	value := C.clientcert_crl_report_get(crlReportOf(report), C.size_t(index), text(name), &length)
	return copyText(value, length)
}

func CRLReportMetrics(report CRLReport) (string, bool) {
	var length C.size_t
	metrics := C.clientcert_crl_report_metrics(crlReportOf(report), &length)
	return copyText(metrics, length)
}

func CRLReportFree(report CRLReport) { C.clientcert_crl_report_free(crlReportOf(report)) }

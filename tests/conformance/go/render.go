package main

import (
	"encoding/hex"
	"math"
	"net/netip"
	"strings"
	"time"

	"clientcert.dev/go"
)

const (
	tls12 = 0x0303
	tls13 = 0x0304
)

func verdictToJSON(verdict *clientcert.Verdict, names []string, now time.Time) Object {
	reasons := []Object{}
	for _, reason := range verdict.Reasons() {
		reasons = append(reasons, Object{"code": int(reason.Code), "name": reason.Code.String(), "depth": reason.Depth,
			"certificate": reason.Certificate, "tolerated": reason.Tolerated, "detail": orNull(reason.Detail)})
	}
	questions := []Object{}
	for _, question := range verdict.OCSPQuestions() {
		questions = append(questions, Object{"url": question.URL, "certificate": question.Certificate,
			"request": hex.EncodeToString(question.Request)})
	}
	variables := Object{}
	for _, name := range names {
		if value, ok := verdict.VariableAt(name, now); ok {
			variables[name] = hex.EncodeToString([]byte(value))
		}
	}
	identity, whole := verdict.PolicyIdentity(), string(verdict.JSON())
	return Object{
		"outcome":         int(verdict.Outcome()),
		"verified":        verdict.Verified(),
		"accepted":        verdict.Accepted(),
		"reasons":         reasons,
		"alerts":          []int{verdict.Alert(tls12), verdict.Alert(tls13)},
		"x509_error":      verdict.X509Error(),
		"nginx_status":    verdict.NginxStatus(),
		"valid_until":     validUntil(verdict),
		"policy_identity": hex.EncodeToString(identity[:]),
		"certificates":    hexes(verdict.Certificates()),
		"questions":       questions,
		"variables":       variables,
		"json":            whole,
		"accessors":       accessors(verdict, whole),
	}
}

// validUntil is the number that C has: without a certificate there is no end, and the zero Time is too long ago to be one.
func validUntil(verdict *clientcert.Verdict) int64 {
	until := verdict.ValidUntil()
	switch {
	case verdict.Outcome() == clientcert.None && until.Equal(clientcert.Forever):
		return math.MaxInt64
	case until.IsZero():
		return math.MinInt64
	}
	return until.Unix()
}

// accessors are what the typed accessors say, each by the name of the variable that it is about.
func accessors(verdict *clientcert.Verdict, whole string) Object {
	said := Object{
		"outcome":             verdict.Outcome().String(),
		"user":                verdict.User(),
		"user_rule":           verdict.UserRule(),
		"user_strength":       verdict.UserStrength(),
		"verified_by":         verdict.VerifiedBy(),
		"registration_label":  verdict.RegistrationLabel(),
		"registration_key":    verdict.RegistrationKey(),
		"pending_fingerprint": verdict.PendingFingerprint(),
		"subject":             verdict.Subject(),
		"issuer":              verdict.Issuer(),
		"serial":              verdict.Serial(),
		"not_before":          rfc3339(verdict.NotBefore()),
		"not_after":           rfc3339(verdict.NotAfter()),
		"fingerprint_sha1":    verdict.FingerprintSHA1(),
		"fingerprint_sha256":  verdict.FingerprintSHA256(),
		"spki_sha256":         verdict.SPKISHA256(),
		"x5t#S256":            verdict.X5TS256(),
		"san_email":           list(verdict.Emails()),
		"san_dns":             list(verdict.DNSNames()),
		"san_uri":             list(verdict.URIs()),
		"san_dirname":         list(verdict.DirectoryNames()),
		"san_upn":             list(verdict.UPNs()),
	}
	// IPAddresses leaves out what is no address.
	if !strings.Contains(whole, `"type":"ip","value":"#`) {
		said["san_ip"] = texts(verdict.IPAddresses())
	}
	return said
}

func decisionToJSON(decision *clientcert.Decision, names []string, now time.Time) Object {
	headers := [][2]string{}
	for _, header := range decision.Headers() {
		headers = append(headers, [2]string{header.Name, header.Value})
	}
	bodies := make([]any, 3)
	if decision.Status() != 0 {
		for i, form := range []clientcert.Body{clientcert.BodyText, clientcert.BodyHTML, clientcert.BodyJSON} {
			bodies[i] = decision.Body(form)
		}
	}
	verdict := decision.Verdict()
	defer verdict.Close()
	return Object{
		"action":            int(decision.Action()),
		"status":            decision.Status(),
		"headers":           headers,
		"bodies":            bodies,
		"cause":             orNull(decision.Cause()),
		"alerts":            []int{decision.Alert(tls12), decision.Alert(tls13)},
		"closes":            decision.Closes(),
		"session_cacheable": decision.SessionCacheable(),
		"http2_error":       decision.HTTP2Error(),
		"identity":          decision.Identity(),
		"audit":             decision.Audit(),
		"verdict":           verdictToJSON(verdict, names, now),
	}
}

func headersToJSON(headers []clientcert.HeaderField) [][2]string {
	list := [][2]string{}
	for _, header := range headers {
		list = append(list, [2]string{header.Name, hex.EncodeToString([]byte(header.Value))})
	}
	return list
}

func policyToJSON(verifier *clientcert.Verifier, host string) Object {
	policy, err := verifier.Policy()
	must(err)
	session, err := verifier.SessionIdentity(host)
	must(err)
	return Object{
		"mode":             int(policy.Mode),
		"enforcement":      int(policy.Enforcement),
		"identity":         hex.EncodeToString(policy.Identity[:]),
		"session_identity": hex.EncodeToString(session[:]),
		"warnings":         list(policy.Warnings),
		"ca_names":         hexes(policy.CANames),
	}
}

func crlsToJSON(verifier *clientcert.Verifier, now time.Time) Object {
	report, err := verifier.CRLReport(now)
	must(err)
	crls := []Object{}
	for _, crl := range report.CRLs {
		attributes := Object{}
		// How much memory a CRL takes is a matter of the allocator's rounding.
		for _, name := range []string{"issuer", "number", "this_update", "next_update", "delta", "verified", "entries",
			"source", "age", "seconds_left"} {
			attributes[name] = nil
			if value, ok := crl[name]; ok {
				attributes[name] = value
			}
		}
		crls = append(crls, attributes)
	}
	return Object{"crls": crls, "metrics": report.Metrics}
}

func registrationsToJSON(registrations []clientcert.Registration, days bool) []Object {
	list := []Object{}
	for _, one := range registrations {
		list = append(list, Object{"user": one.User, "key": one.Key, "label": one.Label, "created": rfc3339(one.Created),
			"not_before": rfc3339(one.NotBefore), "not_after": rfc3339(one.NotAfter), "disabled": one.Disabled,
			"revoked": rfc3339(one.Revoked), "last_used": rfc3339(one.LastUsed), "no_manage": one.NoManage, "ca": orNull(one.CA)})
		if days {
			list[len(list)-1]["days_left"] = one.DaysLeft
		}
	}
	return list
}

func auditToJSON(records []clientcert.AuditRecord) []Object {
	list := []Object{}
	for _, one := range records {
		list = append(list, Object{"time": rfc3339(one.Time), "actor": one.Actor, "action": one.Action, "user": one.User,
			"key": one.Key, "label": one.Label, "detail": orNull(one.Detail)})
	}
	return list
}

func libraryToJSON(headers []string) Object {
	options, reasons, dialects, removed := []any{}, []any{}, []any{}, []bool{}
	for _, name := range headers {
		removed = append(removed, clientcert.IsForwardedHeader(name))
	}
	for _, option := range clientcert.Options() {
		options = append(options, []string{option.Name, option.Type, option.Default, option.Help})
	}
	for _, code := range clientcert.ReasonCodes() {
		reasons = append(reasons, []any{int(code), code.String(), code.Text(), code.X509Name(), code.X509Error(),
			code.Alert(tls12), code.Alert(tls13), code.NginxStatus(), code.IISSubstatus()})
	}
	for dialect := clientcert.DialectRFC9440; dialect <= clientcert.DialectProxyProtocol; dialect++ {
		dialects = append(dialects, []any{int(dialect), dialect.String(), dialect.Vary()})
	}
	return Object{"version": clientcert.Version(), "options": options, "reasons": reasons, "dialects": dialects,
		"forwarded_headers": clientcert.ForwardedHeaders(), "removed": removed}
}

// orNull is for texts of which an empty one is none.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func rfc3339(moment time.Time) any {
	if moment.IsZero() {
		return nil
	}
	return moment.UTC().Format(time.RFC3339)
}

func hexes(all [][]byte) []string {
	texts := []string{}
	for _, bytes := range all {
		texts = append(texts, hex.EncodeToString(bytes))
	}
	return texts
}

func texts(addresses []netip.Addr) []string {
	texts := []string{}
	for _, address := range addresses {
		texts = append(texts, address.String())
	}
	return texts
}

// list is never null.
func list(texts []string) []string {
	return append([]string{}, texts...)
}

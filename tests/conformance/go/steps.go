package main

import (
	"encoding/hex"
	"encoding/json"
	"log"
	"strconv"
	"time"

	"clientcert.dev/go"
)

// Step is what a case asks for. Which fields count, Do says.
type Step struct {
	Do            string                 `json:"do"`
	Time          *int64                 `json:"time"`
	HandshakeTime *int64                 `json:"handshake_time"`
	Chain         []string               `json:"chain"`
	Host          string                 `json:"host"`
	Record        string                 `json:"record"`
	Dialect       clientcert.Dialect     `json:"dialect"`
	What          any                    `json:"what"` // a number, or the name of a list
	Peer          string                 `json:"peer"`
	Headers       [][2]string            `json:"headers"`
	Names         clientcert.HeaderNames `json:"names"`
	Request       request                `json:"request"`
	Certificate   int                    `json:"certificate"`
	Response      string                 `json:"response"`
	Answer        string                 `json:"answer"`
	Confirmation  string                 `json:"confirmation"`
	Question      string                 `json:"question"`
	Ticket        string                 `json:"ticket"`
	Nonce         string                 `json:"nonce"`
	Actor         string                 `json:"actor"`
	Verb          string                 `json:"verb"`
	User          string                 `json:"user"`
	Label         string                 `json:"label"`
	Key           string                 `json:"key"`
	Subject       string                 `json:"subject"`
	Value         string                 `json:"value"`
	Format        string                 `json:"format"`
	Data          string                 `json:"data"`
	Fields        string                 `json:"fields"`
}

// bench is what the steps of one case work on, one after another.
type bench struct {
	verifier  *clientcert.Verifier
	variables []string
	verdict   *clientcert.Verdict // of the last step that made one
	former    *clientcert.Verdict // of the one before that
	headers   []clientcert.HeaderField
}

func (b *bench) take(step Step) Object {
	now := moment(step.Time)
	switch step.Do {
	case "verify":
		chain := make([][]byte, len(step.Chain))
		for i, certificate := range step.Chain {
			chain[i] = unhex(certificate)
		}
		return b.keep(now)(b.verifier.VerifyAt(chain, now))
	case "recheck":
		return b.keep(now)(b.verifier.Recheck(b.verdict, now))
	case "resolve":
		return b.keep(now)(b.verifier.Resolve(b.verdict, []byte(step.Answer), now))
	case "ocsp":
		return b.keep(now)(b.verifier.OCSPResponse(b.verdict, step.Certificate, unhex(step.Response), now))
	case "export_session":
		record := b.verifier.ExportSession(b.verdict, step.Host, proved(step))
		if record == nil {
			return Object{"record": nil}
		}
		return Object{"record": hex.EncodeToString(record)}
	case "resume_session":
		return b.keepProof(now)(b.verifier.ResumeSession(step.Host, unhex(step.Record), now))
	case "forward":
		headers, err := b.verdict.ForwardHeaders(step.Dialect, clientcert.Forward(step.What.(float64)), step.Names)
		b.headers = headers
		answer := outcome(err)
		answer["headers"] = headersToJSON(headers)
		return answer
	case "verify_forwarded":
		if step.Headers != nil {
			b.headers = nil
		}
		for _, header := range step.Headers {
			b.headers = append(b.headers, clientcert.HeaderField{Name: header[0], Value: string(unhex(header[1]))})
		}
		return b.keep(now)(b.verifier.VerifyForwarded(step.Dialect, step.Peer, b.headers, step.Names, now))
	case "decide":
		decision := b.verifier.Decide(b.verdict, step.Request.describe(now))
		defer decision.Close()
		return Object{"decision": decisionToJSON(decision, b.variables, now)}
	case "policy":
		return Object{"policy": policyToJSON(b.verifier, step.Host)}
	case "crls":
		return Object{"report": crlsToJSON(b.verifier, now)}
	case "reload":
		return outcome(b.verifier.Reload())
	case "refresh":
		changed, err := b.verifier.Refresh()
		answer := outcome(err)
		answer["changed"] = changed
		return answer
	case "statistics":
		found := b.verifier.Statistics()
		return Object{"statistics": []uint64{found.Hits, found.Misses, found.Entries, found.Evictions, found.Insertions, found.Capacity}}
	case "confirms":
		return Object{"confirms": b.verdict.Confirms([]byte(step.Confirmation))}
	case "ticket":
		location, err := b.verifier.AnswerQuestion(b.verdict, step.Question, proved(step))
		answer := outcome(err)
		if err == nil {
			answer["location"] = location
		}
		return answer
	case "redeem_ticket":
		return b.keepProof(now)(b.verifier.RedeemTicket(step.Ticket, step.Host, step.Nonce, now))
	case "registry":
		return b.registry(step)
	case "list":
		return b.list(step)
	}
	log.Fatalf("%s is no step", step.Do)
	return nil
}

func (b *bench) keep(now time.Time) func(*clientcert.Verdict, error) Object {
	return func(verdict *clientcert.Verdict, err error) Object {
		must(err)
		b.former, b.verdict = b.verdict, verdict
		return Object{"verdict": verdictToJSON(verdict, b.variables, now)}
	}
}

func (b *bench) keepProof(now time.Time) func(*clientcert.Verdict, time.Time, error) Object {
	return func(verdict *clientcert.Verdict, provedAt time.Time, err error) Object {
		answer := b.keep(now)(verdict, err)
		answer["handshake_time"] = 0
		if !provedAt.IsZero() {
			answer["handshake_time"] = provedAt.Unix()
		}
		return answer
	}
}

// registry changes the registry, and lists what is then in it.
func (b *bench) registry(step Step) Object {
	registry := b.verifier.Registry()
	defer registry.Close()
	must(registry.ActAs(step.Actor))
	answer := outcome(b.change(registry, step))
	audit, err := registry.Audit()
	must(err)
	list, err := registry.All()
	must(err)
	answer["audit"], answer["list"] = auditToJSON(audit), registrationsToJSON(list, false)
	return answer
}

func (b *bench) list(step Step) Object {
	registry := b.verifier.Registry()
	defer registry.Close()
	var found []clientcert.Registration
	var err error
	switch what, _ := step.What.(string); what {
	case "all":
		found, err = registry.All()
	case "user":
		found, err = registry.OfUser(step.Value)
	case "key":
		found, err = registry.OfKey(step.Value)
	case "expiring":
		days, wrong := strconv.Atoi(step.Value)
		must(wrong)
		found, err = registry.Expiring(days)
	case "text":
		text, err := registry.Text()
		must(err)
		return Object{"list": text}
	default:
		log.Fatalf("%v is no list", step.What)
	}
	must(err)
	return Object{"list": registrationsToJSON(found, step.What == "expiring")}
}

func (b *bench) change(registry *clientcert.Registry, step Step) error {
	switch step.Verb {
	case "enrol_verdict":
		return registry.EnrolVerdict(b.verdict, step.User, step.Label)
	case "enrol_certificate":
		return registry.EnrolCertificate(step.User, unhex(step.Data), fields(step.Fields))
	case "renew_beside":
		return registry.RenewBeside(b.verdict, b.former, step.Label)
	case "enrol_fingerprint":
		return registry.EnrolFingerprint(step.User, step.Key, fields(step.Fields))
	case "renew_signed":
		return registry.RenewSigned(b.verdict, unhex(step.Data), step.Label)
	case "import":
		return registry.Import(step.Format, unhex(step.Data), step.User)
	case "used":
		return registry.Used(step.Key, moment(step.Time))
	case "disable":
		return registry.Disable(step.Subject)
	case "enable":
		return registry.Enable(step.Subject)
	case "revoke":
		return registry.Revoke(step.Subject)
	case "remove":
		return registry.Remove(step.Subject)
	case "rename":
		return registry.Rename(step.Subject, step.Value)
	case "rename_user":
		return registry.RenameUser(step.Subject, step.Value)
	}
	log.Fatalf("%s is no verb", step.Verb)
	return nil
}

func fields(text string) clientcert.Fields {
	var given struct {
		Label     string    `json:"label"`
		NotBefore time.Time `json:"not_before"`
		NotAfter  time.Time `json:"not_after"`
		Disabled  bool      `json:"disabled"`
		NoManage  bool      `json:"no_manage"`
		CA        string    `json:"ca"`
		By        string    `json:"by"`
	}
	if text != "" {
		must(json.Unmarshal([]byte(text), &given))
	}
	return clientcert.Fields{Label: given.Label, NotBefore: given.NotBefore, NotAfter: given.NotAfter, Disabled: given.Disabled,
		NoManage: given.NoManage, CA: given.CA, ThisCertificate: given.By == "certificate"}
}

// moment that is missing is now, which the zero Time stands for.
func moment(seconds *int64) time.Time {
	if seconds == nil {
		return time.Time{}
	}
	return time.Unix(*seconds, 0)
}

// proved is when the client proved its key; now, unless the step says otherwise.
func proved(step Step) time.Time {
	if step.HandshakeTime == nil {
		return time.Now()
	}
	return moment(step.HandshakeTime)
}

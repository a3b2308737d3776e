package clientcert_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"clientcert.dev/go"
	"clientcert.dev/go/internal/pki"
)

func TestARecordComesBack(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root, "identity", "subject.CN"))
	alice := verify(t, by, root.Intermediate("Staff").Issue("alice"))
	proved := time.Now().Add(-time.Minute)
	record := by.ExportSession(alice, "www", proved)
	verdict, provedAt, err := by.ResumeSession("www", record, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "user", verdict.User(), "alice")
	equal(t, "proved at", provedAt.Unix(), proved.Unix())
	for name, bad := range map[string][]byte{"none": nil, "cut": record[:len(record)-1], "changed": append([]byte{record[0] ^ 1}, record[1:]...)} {
		verdict, provedAt, _ := by.ResumeSession("www", bad, time.Time{})
		equal(t, name, reasons(verdict), " session_invalid")
		equal(t, name+": proved at", provedAt.IsZero(), true)
	}
	for name, host := range map[string]string{"another host": "other", "a host with NUL": "www\x00", "no host": ""} {
		verdict, _, _ := by.ResumeSession(host, record, time.Time{})
		equal(t, name, verdict.Accepted(), false)
	}
	aged, _, _ := by.ResumeSession("www", record, time.Now().Add(48*time.Hour))
	equal(t, "two days later", reasons(aged), " session_expired")
	one, _ := by.SessionIdentity("www")
	two, _ := by.SessionIdentity("other")
	equal(t, "identities of hosts", one == two, false)
}

func TestNoRecordOfWhoIsNotAccepted(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root))
	alice := verify(t, by, root.Issue("alice"))
	equal(t, "a stranger", len(by.ExportSession(verify(t, by, pki.SelfSigned(t, "me")), "", time.Now())), 0)
	equal(t, "nobody's verdict", len(by.ExportSession(nil, "", time.Now())), 0)
	equal(t, "an unknown age", len(by.ExportSession(alice, "", time.Time{})), 0)
	equal(t, "alice", len(by.ExportSession(alice, "", time.Now())) > 0, true)
}

func TestLargeRecordsHaveRoom(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root))
	authority := root
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		authority = authority.Intermediate(strings.Repeat(name, 300))
	}
	client := authority.Issue("alice")
	record := by.ExportSession(verify(t, by, client), "", time.Now())
	if len(record) < 2100 {
		t.Fatalf("%d bytes: the test is about records that are larger than the first room for them", len(record))
	}
	verdict, _, _ := by.ResumeSession("", record, time.Time{})
	equal(t, "outcome", verdict.Outcome(), clientcert.Success)
}

func TestAnIdentityIsHandedBack(t *testing.T) {
	root := pki.New(t, "Root")
	asks := verifier(t, trusting(root, "identity", "subject.CN"))
	cannot := verifier(t, trusting(root, "identity", "subject.CN", "mode", "deferred", "certificate_host", "login.example.org"))
	nobody, _ := cannot.Verify(nil)
	decision := cannot.Decide(nobody, clientcert.Request{Authority: "www.example.org", VirtualHost: "www.example.org", Method: "GET", Target: "/page?x=1"})
	equal(t, "action", decision.Action(), clientcert.ActionAskElsewhere)
	var question, nonce string
	for _, header := range decision.Headers() {
		switch header.Name {
		case "Location":
			address, err := url.Parse(header.Value)
			if err != nil || address.Host != "login.example.org" {
				t.Fatalf("%v: %s", err, header.Value)
			}
			question = address.Query().Get("clientcert_question")
		case "Set-Cookie":
			nonce, _, _ = strings.Cut(strings.TrimPrefix(header.Value, "__Host-clientcert="), ";")
		}
	}
	alice := verify(t, asks, root.Issue("alice"))
	proved := time.Now().Add(-time.Minute)
	if _, err := asks.AnswerQuestion(alice, question, time.Time{}); !errors.Is(err, clientcert.ErrInvalidArgument) {
		t.Errorf("a proof of no known age: %v", err)
	}
	if _, err := asks.AnswerQuestion(nobody, question, proved); !errors.Is(err, clientcert.ErrNotEntitled) {
		t.Errorf("nobody is vouched for: %v", err)
	}
	location, err := asks.AnswerQuestion(alice, question, proved)
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(location)
	if err != nil || back.Host != "www.example.org" || back.Path != "/page" {
		t.Fatalf("%v: %s", err, location)
	}
	ticket := back.Query().Get("clientcert_ticket")
	stolen, _, _ := cannot.RedeemTicket(ticket, "www.example.org", "another nonce", time.Time{})
	equal(t, "another browser", reasons(stolen), " ticket_invalid")
	verdict, provedAt, _ := cannot.RedeemTicket(ticket, "www.example.org", nonce, time.Time{})
	equal(t, "user", verdict.User(), "alice")
	equal(t, "proved at", provedAt.Unix(), proved.Unix())
	twice, _, _ := cannot.RedeemTicket(ticket, "www.example.org", nonce, time.Time{})
	equal(t, "twice", reasons(twice), " ticket_used")
}

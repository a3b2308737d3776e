package clientcert_test

import (
	"encoding/json"
	"testing"
	"time"

	"clientcert.dev/go"
	"clientcert.dev/go/internal/pki"
)

func TestDecisions(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root, "identity", "subject.CN"))
	other := verifier(t, trusting(pki.New(t, "Other")))
	alice, stranger := verify(t, by, root.Issue("alice")), verify(t, by, pki.SelfSigned(t, "me"))
	nobody, _ := by.Verify(nil)
	late, early := time.Now().Add(-time.Hour), time.Now()
	for _, row := range []struct {
		name    string
		verdict *clientcert.Verdict
		request clientcert.Request
		action  clientcert.Action
		status  int
		cause   string
	}{
		{"the zero request requires a user", alice, clientcert.Request{}, clientcert.ActionAllow, 0, ""},
		{"whom nobody is", nobody, clientcert.Request{}, clientcert.ActionForbid, 403, "certificate_required"},
		{"nothing required", nobody, clientcert.Request{Requirement: clientcert.RequireNothing}, clientcert.ActionAllow, 0, ""},
		{"refused clients are refused everywhere", stranger, clientcert.Request{Requirement: clientcert.RequireNothing}, clientcert.ActionForbid, 403, "self_signed"},
		{"a user", alice, clientcert.Request{Users: []string{"bob", "alice"}}, clientcert.ActionAllow, 0, ""},
		{"another user", alice, clientcert.Request{Users: []string{"bob"}}, clientcert.ActionForbid, 403, "user_not_allowed"},
		{"an empty list is for nobody", alice, clientcert.Request{Users: []string{}}, clientcert.ActionForbid, 403, "user_not_allowed"},
		{"text that is no UTF-8", alice, clientcert.Request{Target: "/\xff"}, clientcert.ActionForbid, 403, "internal_error"},
		{"a requirement that there is none of", alice, clientcert.Request{Requirement: 9}, clientcert.ActionForbid, 403, "internal_error"},
		{"a version that there is none of", alice, clientcert.Request{HTTPVersion: 9}, clientcert.ActionForbid, 403, "internal_error"},
		{"too old", alice, clientcert.Request{MaximumAge: time.Minute, ProvedAt: late}, clientcert.ActionReauthenticate, 403, "handshake_too_old"},
		{"of an unknown age", alice, clientcert.Request{MaximumAge: time.Minute}, clientcert.ActionReauthenticate, 403, "handshake_too_old"},
		{"young enough", alice, clientcert.Request{MaximumAge: time.Minute, ProvedAt: early}, clientcert.ActionAllow, 0, ""},
		{"another verifier's", verify(t, other, pki.SelfSigned(t, "me")), clientcert.Request{}, clientcert.ActionMisdirected, 421, "misdirected"},
		{"early data", alice, clientcert.Request{EarlyData: true}, clientcert.ActionTooEarly, 425, "early_data"},
		{"another log-in", nobody, clientcert.Request{OtherLoginURL: "/log-in"}, clientcert.ActionFallBack, 302, "certificate_required"},
		{"a challenge", nobody, clientcert.Request{Challenges: []string{`Basic realm="x"`}}, clientcert.ActionChallenge, 401, "certificate_required"},
		{"who logged out", alice, clientcert.Request{LoggedOut: true}, clientcert.ActionForbid, 403, "logged_out"},
		{"nil", nil, clientcert.Request{Requirement: clientcert.RequireNothing}, clientcert.ActionForbid, 403, "internal_error"},
	} {
		if row.name == "another verifier's" {
			row.request.Reused = true
		}
		decision := by.Decide(row.verdict, row.request)
		equal(t, row.name, decision.Action(), row.action)
		equal(t, row.name+": status", decision.Status(), row.status)
		equal(t, row.name+": cause", decision.Cause(), row.cause)
		equal(t, row.name+": allowed", decision.Allowed(), row.action == clientcert.ActionAllow)
		equal(t, row.name+": page", decision.Body(clientcert.BodyHTML) != "", row.status != 0)
		var audit map[string]any
		if err := json.Unmarshal([]byte(decision.Audit()), &audit); err != nil || audit["action"] != row.action.String() {
			t.Errorf("%s: %v: %s", row.name, err, decision.Audit())
		}
	}
}

func TestADecisionsVerdictIsTheApplications(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root, "identity", "subject.CN"))
	alice := verify(t, by, root.Issue("alice"))
	decision := by.Decide(alice, clientcert.Request{})
	verdict := decision.Verdict()
	equal(t, "identity", decision.Identity() != "", true)
	equal(t, "cacheable", decision.SessionCacheable(), true)
	decision.Close()
	equal(t, "it outlives the decision", verdict.User(), "alice")

	next := by.Decide(alice, clientcert.Request{IdentityBefore: "somebody else"})
	equal(t, "another identity", next.Action(), clientcert.ActionReauthenticate)
	equal(t, "closes", next.Closes(), true)
	loggedOut := by.Decide(alice, clientcert.Request{Requirement: clientcert.RequireNothing, LoggedOut: true})
	equal(t, "who logged out is nobody", loggedOut.Verdict().Outcome(), clientcert.None)
}

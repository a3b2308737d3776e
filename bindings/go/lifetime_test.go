package clientcert_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"clientcert.dev/go"
	"clientcert.dev/go/internal/pki"
)

func TestAfterCloseEverybodyIsRefused(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root))
	verdict := verify(t, by, root.Issue("alice"))
	by.Close()
	by.Close()
	var none *clientcert.Verifier
	for _, closed := range []*clientcert.Verifier{by, none, new(clientcert.Verifier)} {
		_, verified := closed.Verify(nil)
		_, rechecked := closed.Recheck(verdict, time.Time{})
		_, resolved := closed.Resolve(verdict, nil, time.Time{})
		_, answered := closed.OCSPResponse(verdict, 0, nil, time.Time{})
		_, _, resumed := closed.ResumeSession("", nil, time.Time{})
		_, _, redeemed := closed.RedeemTicket("", "", "", time.Time{})
		_, asked := closed.AnswerQuestion(verdict, "", time.Now())
		_, forwarded := closed.VerifyForwarded(clientcert.DialectRFC9440, "", nil, clientcert.HeaderNames{}, time.Time{})
		_, policy := closed.Policy()
		_, report := closed.CRLReport(time.Time{})
		_, identity := closed.SessionIdentity("")
		_, refreshed := closed.Refresh()
		for i, err := range []error{verified, rechecked, resolved, answered, resumed, redeemed, asked, forwarded, policy, report, identity,
			refreshed, closed.Reload()} {
			if !errors.Is(err, clientcert.ErrClosed) {
				t.Errorf("call %d: %v", i, err)
			}
		}
		decision := closed.Decide(verdict, clientcert.Request{Requirement: clientcert.RequireNothing})
		equal(t, "decision", decision.Action(), clientcert.ActionForbid)
		equal(t, "record", len(closed.ExportSession(verdict, "", time.Now())), 0)
		equal(t, "registry", closed.Registry(), nil)
		equal(t, "statistics", closed.Statistics(), clientcert.Statistics{})
	}
	equal(t, "a verdict outlives its verifier", verdict.Subject(), "CN=alice,O=Example")
	decision := by.Decide(verdict, clientcert.Request{})
	decision.Close()
	equal(t, "a closed decision", decision.Action(), clientcert.ActionForbid)
	equal(t, "its status", decision.Status(), 403)
	equal(t, "its verdict", decision.Verdict().Verified(), false)
}

func TestGoroutinesUseWhatAnotherOneCloses(t *testing.T) {
	root := pki.New(t, "Root")
	alice := root.Issue("alice")
	for range 50 {
		by, err := clientcert.New(trusting(root))
		if err != nil {
			t.Fatal(err)
		}
		shared := verify(t, by, alice)
		var all sync.WaitGroup
		for i := range 8 {
			all.Add(1)
			go func() {
				defer all.Done()
				for j := range 100 {
					if i == 0 && j == 50 {
						shared.Close()
					}
					if i == 1 && j == 70 {
						by.Close()
					}
					verdict, err := by.Verify(alice.Chain)
					if verdict.Verified() != (err == nil) {
						t.Errorf("%v, %v", verdict.Outcome(), err)
					}
					if subject := shared.Subject(); subject != "" && subject != "CN=alice,O=Example" {
						t.Errorf("somebody else: %q", subject)
					}
					decision := by.Decide(shared, clientcert.Request{Requirement: clientcert.RequireVerified})
					if action := decision.Action(); action != clientcert.ActionAllow && action != clientcert.ActionForbid {
						t.Errorf("%v", action)
					}
				}
			}()
		}
		all.Wait()
	}
}

package clientcert_test

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"strings"
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

// A million verdicts leave no more memory behind than the first hundred thousand, whether they are closed or not.
func TestVerdictsLeaveNoMemory(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root))
	clients := make([][][]byte, 16)
	for i := range clients {
		clients[i] = root.Issue("client " + strconv.Itoa(i)).Chain
	}
	many := func(count int, closes bool) {
		for i := range count {
			verdict, err := by.Verify(clients[i%len(clients)])
			if err != nil || !verdict.Verified() {
				t.Fatalf("%v, %v", reasons(verdict), err)
			}
			if closes {
				verdict.Close()
			}
		}
		for range 3 {
			runtime.GC()
			time.Sleep(10 * time.Millisecond)
		}
	}
	many(100_000, true)
	many(100_000, false)
	before := resident(t)
	many(500_000, true)
	many(300_000, false)
	if after := resident(t); after > before+8<<20 {
		t.Errorf("%d kB more", (after-before)>>10)
	}
}

// Verdicts without a cache are new objects of the library's, which the garbage collector cannot see.
func TestVerdictsWithoutACacheLeaveNoMemory(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root, "cache_size", "0"))
	chain := root.Issue("alice").Chain
	many := func(count int) {
		for range count {
			if verdict, _ := by.Verify(chain); !verdict.Verified() {
				t.Fatal(reasons(verdict))
			}
			runtime.Gosched()
		}
		for range 3 {
			runtime.GC()
			time.Sleep(10 * time.Millisecond)
		}
	}
	many(300)
	before := resident(t)
	many(1500)
	if after := resident(t); after > before+8<<20 {
		t.Errorf("%d kB more", (after-before)>>10)
	}
}

func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

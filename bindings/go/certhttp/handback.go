package certhttp

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"clientcert.dev/go"
)

// A host that cannot ask for a certificate sends the browser to one that can, with a question; that one sends it back
// with a ticket. See docs/requests.md, "Handing an identity back".
const (
	questionParameter = "clientcert_question"
	ticketParameter   = "clientcert_ticket"
	signInCookie      = "__Host-sign-in"
)

const (
	maxSignIns     = 10000
	signInLifetime = 8 * time.Hour
)

func isQuestion(r *http.Request) bool { return r.URL.Query().Has(questionParameter) }

// answerQuestion sends the browser back to the host that asked about it.
func (g *Guard) answerQuestion(w http.ResponseWriter, r *http.Request) {
	_, facts := g.learn(r)
	location, err := facts.host.Verifier.AnswerQuestion(clientcert.FromContext(r.Context()), r.URL.Query().Get(questionParameter), facts.provedAt)
	if err != nil {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "the question of another host cannot be answered", http.StatusBadRequest)
		return
	}
	redirect(w, location)
}

// redeem verifies the client that another host was asked about; false where the request has no ticket.
func (g *Guard) redeem(facts *facts, r *http.Request) bool {
	query := r.URL.Query()
	if !query.Has(ticketParameter) {
		return false
	}
	verdict, provedAt, err := facts.host.Verifier.RedeemTicket(query.Get(ticketParameter), r.Host, cookie(r, nonceCookie), time.Time{})
	if err == nil && facts.host.Complete != nil && !verdict.Accepted() {
		verdict = facts.host.Complete(r.Context(), verdict)
	}
	facts.verdict, facts.provedAt, facts.redeemed = verdict, provedAt, true
	return true
}

// welcomeBack remembers who came back, and redirects to the URL without the ticket. Whom this host does not verify is not
// signed in, though the mode may let him be.
func (g *Guard) welcomeBack(w http.ResponseWriter, r *http.Request) {
	if !clientcert.FromContext(r.Context()).Verified() {
		refuse(w)
		return
	}
	_, facts := g.learn(r)
	if !g.signIns.begin(w, facts) {
		http.Error(w, "nobody can sign in now", http.StatusServiceUnavailable)
		return
	}
	redirect(w, withoutTicket(r.URL))
}

// withoutTicket is a path and query: never another host, whatever the path begins with.
func withoutTicket(address *url.URL) string {
	query := address.Query()
	query.Del(ticketParameter)
	path := "/" + strings.TrimLeft(address.EscapedPath(), "/\\")
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

func redirect(w http.ResponseWriter, location string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}

// signIns are those who came back: a random cookie stands for the verdict.
type signIns struct {
	lock sync.Mutex
	all  map[string]signIn
}

type signIn struct {
	host     string
	verdict  *clientcert.Verdict
	provedAt time.Time
	until    time.Time
}

func (s *signIns) begin(w http.ResponseWriter, facts *facts) bool {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return false
	}
	id := hex.EncodeToString(random)
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.all == nil {
		s.all = map[string]signIn{}
	}
	s.forget()
	s.all[id] = signIn{facts.host.Name, facts.verdict, facts.provedAt, time.Now().Add(signInLifetime)}
	// The page that follows is reached by redirects from another site, with which Strict would leave the cookie at
	// home.
	setCookie(w, signInCookie, id)
	return true
}

// find is whether a cookie stands for the client of the request.
func (s *signIns) find(facts *facts, r *http.Request) bool {
	id := cookie(r, signInCookie)
	if id == "" {
		return false
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	found, ok := s.all[id]
	if !ok || found.host != facts.host.Name || time.Now().After(found.until) {
		return false
	}
	facts.verdict, facts.provedAt = found.verdict, found.provedAt
	return true
}

func (s *signIns) end(w http.ResponseWriter, r *http.Request) {
	id := cookie(r, signInCookie)
	if id == "" {
		return
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.all, id)
	setCookie(w, signInCookie, "")
}

// forget makes room: what has ended goes, and somebody else where that is not enough.
func (s *signIns) forget() {
	if len(s.all) < maxSignIns {
		return
	}
	now := time.Now()
	for id, signIn := range s.all {
		if now.After(signIn.until) {
			delete(s.all, id)
		}
	}
	for id := range s.all {
		if len(s.all) < maxSignIns {
			return
		}
		delete(s.all, id)
	}
}

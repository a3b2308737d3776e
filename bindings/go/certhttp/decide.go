package certhttp

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"clientcert.dev/go"
)

const (
	loggedOutCookie = "__Host-logged-out"
	nonceCookie     = "__Host-clientcert"
)

// decide lets a request go on to next, or answers it.
func (g *Guard) decide(w http.ResponseWriter, r *http.Request, facts *facts, place Place, next http.Handler) {
	decision := facts.host.Verifier.Decide(facts.verdict, g.describe(r, facts, place))
	defer decision.Close()
	if g.Audit != nil {
		g.Audit(decision.Audit())
	}
	facts.connection.remember(facts, decision, r)
	action := decision.Action()
	passes := action == clientcert.ActionPreflight && decision.Status() == 0
	if action == clientcert.ActionAllow || passes && place.passesPreflights {
		next.ServeHTTP(w, r.WithContext(clientcert.NewContext(r.Context(), decision.Verdict())))
		return
	}
	if action == clientcert.ActionLogOut {
		setCookie(w, loggedOutCookie, "1")
		g.signIns.end(w, r)
	}
	if passes {
		refuse(w)
		return
	}
	answer(w, r, decision)
}

// describe says what is known. What is not said counts as what refuses.
func (g *Guard) describe(r *http.Request, facts *facts, place Place) clientcert.Request {
	request := clientcert.Request{
		Requirement:                 place.Requirement,
		Users:                       place.Users,
		Strong:                      place.Strong,
		MaximumAge:                  time.Duration(place.MaximumAgeSeconds) * time.Second,
		Method:                      r.Method,
		Origin:                      strings.Join(r.Header.Values("Origin"), ", "),
		AccessControlRequestMethod:  strings.Join(r.Header.Values("Access-Control-Request-Method"), ", "),
		AccessControlRequestHeaders: strings.Join(r.Header.Values("Access-Control-Request-Headers"), ", "),
		Authority:                   r.Host,
		VirtualHost:                 facts.host.Name,
		Target:                      r.URL.RequestURI(),
		OtherLoginURL:               first(place.LoginURL, g.LoginURL),
		OtherLoginChallenge:         first(place.LoginChallenge, g.LoginChallenge),
		Challenges:                  g.Challenges,
		Nonce:                       cookie(r, nonceCookie),
		HTTPVersion:                 httpVersion(r),
		ProvedAt:                    facts.provedAt,
		Resumed:                     facts.resumed,
		EarlyData:                   len(r.Header.Values("Early-Data")) > 0, // RFC 8470: whatever its value is
		LogOut:                      place.logOut,
		LoggedOut:                   cookie(r, loggedOutCookie) != "",
	}
	if facts.attributed {
		request.IdentityBefore = facts.identityBefore
	}
	if g.Dialect == 0 && r.TLS != nil {
		request.TLSVersion = r.TLS.Version
		request.ServerName = r.TLS.ServerName
		request.Reused = facts.reused
		request.Answered421 = facts.answered421
		request.PreflightOpened = facts.preflightOpened
	}
	return request
}

// answer sends what was decided. What cannot be sent, and what is not known, is refused.
func answer(w http.ResponseWriter, r *http.Request, decision *clientcert.Decision) {
	status := decision.Status()
	switch decision.Action() {
	case clientcert.ActionPreflight, clientcert.ActionAskElsewhere, clientcert.ActionFallBack, clientcert.ActionChallenge,
		clientcert.ActionForbid, clientcert.ActionTooEarly, clientcert.ActionMisdirected, clientcert.ActionReauthenticate,
		clientcert.ActionLogOut, clientcert.ActionResend, clientcert.ActionTimedOut, clientcert.ActionTooLarge:
	default:
		status = http.StatusForbidden
	}
	header := w.Header()
	for _, field := range decision.Headers() {
		header.Add(field.Name, field.Value)
	}
	if decision.Closes() {
		header.Set("Connection", "close") // in HTTP/2 net/http sends GOAWAY for it
	}
	format := accepted(r)
	body := decision.Body(format)
	if body != "" {
		header.Set("Content-Type", format.ContentType())
		header.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body)) // a client that is gone learns nothing
	}
}

// refuse answers who gets no page of the library's.
func refuse(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, "a certificate is required here", http.StatusForbidden)
}

// accepted is the form of a page that the client reads best.
func accepted(r *http.Request) clientcert.Body {
	accept := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	html, json := strings.Index(accept, "text/html"), strings.Index(accept, "application/json")
	switch {
	case html >= 0 && (json < 0 || html < json):
		return clientcert.BodyHTML
	case json >= 0:
		return clientcert.BodyJSON
	default:
		return clientcert.BodyText
	}
}

func httpVersion(r *http.Request) clientcert.HTTPVersion {
	switch {
	case r.ProtoMajor == 3:
		return clientcert.HTTP3
	case r.ProtoMajor == 2:
		return clientcert.HTTP2
	case r.ProtoMajor == 1 && r.ProtoMinor == 1:
		return clientcert.HTTP11
	case r.ProtoMajor == 1 && r.ProtoMinor == 0:
		return clientcert.HTTP10
	default:
		return clientcert.HTTPUnknown
	}
}

func cookie(r *http.Request, name string) string {
	cookie, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return cookie.Value
}

// setCookie sets a cookie of this host alone, or takes it away where it is empty. That a user has logged out counts for what
// other sites send here, too; that he has signed in does not.
func setCookie(w http.ResponseWriter, name, value string) {
	cookie := &http.Cookie{
		Name: name, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if name == loggedOutCookie {
		cookie.SameSite = http.SameSiteNoneMode
	}
	if value == "" {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// refresh takes changed files in. What goes wrong is for the log: the policy that was in force stays so.
func refresh(verifier *clientcert.Verifier) {
	if _, err := verifier.Refresh(); err != nil {
		slog.Warn("clientcert: the policy in force stays: it could not be refreshed", "error", err)
	}
}

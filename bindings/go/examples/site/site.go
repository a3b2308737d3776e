package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"html/template"
	"log"
	"net/http"
	"net/url"

	"clientcert.dev/go"
	"clientcert.dev/go/certhttp"
)

type site struct {
	verifier *clientcert.Verifier
	users    map[string]string // passwords, which a real site keeps as hashes
	sessions sessions
}

// page is what is shown.
type page struct {
	Title, Text string
	User, By    string // who is logged in, and by what
	Certificate string // the subject of one that is not registered
	Keys        []clientcert.Registration
	Token       string
	Form        string
}

// who is logged in: by a certificate that is registered, or by a password.
func (s *site) who(r *http.Request) (user, by string, session *session) {
	session = s.sessions.find(r)
	if verdict := clientcert.FromContext(r.Context()); verdict.Verified() {
		return verdict.User(), "certificate", session
	}
	if session != nil {
		return session.user, "password", session
	}
	return "", "", nil
}

func (s *site) home(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, page{Title: "Welcome", Text: "This page is for everybody."})
}

func (s *site) logInPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, page{Title: "Log in", Form: "log-in"})
}

// logIn is by the certificate where the user chose that, else by a password.
func (s *site) logIn(w http.ResponseWriter, r *http.Request) {
	if !sameOrigin(r) {
		http.Error(w, "sent by another site", http.StatusForbidden)
		return
	}
	certhttp.LogIn(w) // who logged out, and logs in again, may do that by his certificate from now on
	if r.PostFormValue("by") != "certificate" {
		user := r.PostFormValue("user")
		if !s.knows(user, r.PostFormValue("password")) {
			s.show(w, r, http.StatusForbidden, page{Title: "Log in", Text: "That is not your password.", Form: "log-in"})
			return
		}
		s.sessions.begin(w, user)
	}
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

func (s *site) account(w http.ResponseWriter, r *http.Request) {
	user, by, session := s.who(r)
	if user == "" {
		http.Redirect(w, r, "/log-in", http.StatusSeeOther)
		return
	}
	registry := s.verifier.Registry()
	defer registry.Close()
	keys, err := registry.OfUser(user)
	if err != nil {
		s.fail(w, err)
		return
	}
	shown := page{Title: "Your account", Text: "You are logged in by a " + by + ".", Keys: keys}
	verdict := clientcert.FromContext(r.Context())
	if session != nil && mayRegister(verdict) {
		shown.Form, shown.Certificate, shown.Token = "register", verdict.Subject(), session.token
	}
	s.show(w, r, http.StatusOK, shown)
}

// register makes the key of this very connection one of the user's. The verdict is the proof that he holds it.
func (s *site) register(w http.ResponseWriter, r *http.Request) {
	session := s.sessions.find(r)
	if session == nil || !sameOrigin(r) || !same(r.PostFormValue("token"), session.token) || !s.knows(session.user, r.PostFormValue("password")) {
		http.Error(w, "log in with your password first", http.StatusForbidden)
		return
	}
	registry := s.verifier.Registry()
	defer registry.Close()
	err := registry.ActAs(session.user)
	if err == nil {
		err = registry.EnrolVerdict(clientcert.FromContext(r.Context()), session.user, r.PostFormValue("label"))
	}
	if err == nil {
		err = s.verifier.Reload()
	}
	switch {
	case err == nil:
		http.Redirect(w, r, "/account", http.StatusSeeOther)
	case errors.Is(err, clientcert.ErrKeyTaken), errors.Is(err, clientcert.ErrKeyRevoked), errors.Is(err, clientcert.ErrNotEntitled):
		s.show(w, r, http.StatusConflict, page{Title: "Not registered", Text: err.Error()})
	default:
		s.fail(w, err)
	}
}

// vault is reached by who is verified alone: the guard sees to it.
func (s *site) vault(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, page{Title: "The vault", Text: "Only a registered certificate opens this page."})
}

// logOut ends the session of a password; next does the same for the certificate.
func (s *site) logOut(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !sameOrigin(r) {
			http.Error(w, "sent by another site", http.StatusForbidden)
			return
		}
		s.sessions.end(w, r)
		next.ServeHTTP(w, r)
	})
}

func (s *site) show(w http.ResponseWriter, r *http.Request, status int, shown page) {
	shown.User, shown.By, _ = s.who(r)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if err := layout.Execute(w, shown); err != nil {
		log.Print(err)
	}
}

// fail is for what is not the user's fault: the log learns more.
func (s *site) fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, "something went wrong here", http.StatusInternalServerError)
}

func (s *site) knows(user, password string) bool {
	known, ok := s.users[user]
	return same(password, known) && ok
}

// mayRegister is whether nothing is wrong with the certificate but that it is not registered.
func mayRegister(verdict *clientcert.Verdict) bool {
	reasons := verdict.Reasons()
	return len(reasons) == 1 && reasons[0].Code == clientcert.ReasonKeyNotRegistered
}

// sameOrigin is whether a form was sent by a page of this site: a certificate goes with every request of a browser, whoever made it.
func sameOrigin(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	return err == nil && origin.Scheme == "https" && origin.Host == r.Host
}

// same compares in a time that tells nothing.
func same(one, other string) bool {
	a, b := sha256.Sum256([]byte(one)), sha256.Sum256([]byte(other))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

var layout = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<title>{{.Title}}</title>
<h1>{{.Title}}</h1>
<p id="user">{{if .User}}You are {{.User}}, by {{.By}}.{{else}}Nobody is logged in.{{end}}</p>
<p>{{.Text}}</p>
{{with .Keys}}<ul>{{range .}}<li>{{.Label}} {{.Key}}</li>{{end}}</ul>{{end}}
{{if eq .Form "log-in"}}
<form method="post" action="/log-in"><button id="certificate" name="by" value="certificate">With my certificate</button></form>
<form method="post" action="/log-in"><input name="user" id="name"><input name="password" id="password" type="password"><button id="log-in">Log in</button></form>
{{end}}
{{if eq .Form "register"}}
<form method="post" action="/account/register">
<p>This connection has a certificate that is not registered: {{.Certificate}}</p>
<input type="hidden" name="token" value="{{.Token}}">
<input name="label" id="label" value="my certificate"><input name="password" id="password" type="password">
<button id="register">Register it</button></form>
{{end}}
<nav><a href="/">Home</a> <a href="/account">Account</a> <a href="/vault">Vault</a></nav>
{{if .User}}<form method="post" action="/log-out"><button id="log-out">Log out</button></form>{{end}}
`))

package main

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"sync"
	"time"
)

const (
	sessionCookie   = "__Host-session"
	sessionLifetime = 8 * time.Hour
)

// sessions are those of passwords, as long as this process runs. A real site also counts how often a password is tried.
type sessions struct {
	lock sync.Mutex
	all  map[string]*session
}

type session struct {
	user  string
	token string // in every form of the session, which another site does not know
	until time.Time
}

func (s *sessions) begin(w http.ResponseWriter, user string) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.all == nil {
		s.all = map[string]*session{}
	}
	for id, session := range s.all {
		if time.Now().After(session.until) {
			delete(s.all, id)
		}
	}
	id := random()
	s.all[id] = &session{user: user, token: random(), until: time.Now().Add(sessionLifetime)}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func (s *sessions) find(r *http.Request) *session {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if found, ok := s.all[cookie.Value]; ok && time.Now().Before(found.until) {
		return found
	}
	return nil
}

func (s *sessions) end(w http.ResponseWriter, r *http.Request) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.all, cookie.Value)
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: -1})
}

func random() string {
	bytes := make([]byte, 32)
	if _, err := rand.Read(bytes); err != nil {
		panic(err) // without randomness there are no sessions
	}
	return hex.EncodeToString(bytes)
}

package main

import (
	"time"

	"clientcert.dev/go"
)

// request has the fields of clientcert.h by name, with its numbers.
type request struct {
	Requirement                 *int     `json:"requirement"`
	Users                       []string `json:"users"`
	Strong                      bool     `json:"strong"`
	MaximumAge                  int64    `json:"maximum_age"`
	Method                      string   `json:"method"`
	Origin                      string   `json:"origin"`
	AccessControlRequestMethod  string   `json:"access_control_request_method"`
	AccessControlRequestHeaders string   `json:"access_control_request_headers"`
	ServerName                  string   `json:"server_name"`
	Authority                   string   `json:"authority"`
	VirtualHost                 string   `json:"virtual_host"`
	Target                      string   `json:"target"`
	OtherLoginURL               string   `json:"other_login_url"`
	OtherLoginChallenge         string   `json:"other_login_challenge"`
	Challenges                  []string `json:"challenges"`
	IdentityBefore              string   `json:"identity_before"`
	Nonce                       string   `json:"nonce"`
	TLSVersion                  uint16   `json:"tls_version"`
	HTTPVersion                 int32    `json:"http_version"`
	HandshakeTime               *int64   `json:"handshake_time"`
	HandshakeOpen               bool     `json:"handshake_open"`
	OffersPostHandshakeAuth     bool     `json:"offers_post_handshake_auth"`
	SecureRenegotiation         bool     `json:"secure_renegotiation"`
	Late                        int32    `json:"late"`
	ArrivedBefore               bool     `json:"arrived_before_certificate"`
	Resumed                     bool     `json:"resumed"`
	Reused                      bool     `json:"reused"`
	Answered421                 bool     `json:"answered_421"`
	PreflightOpened             bool     `json:"preflight_opened"`
	EarlyData                   bool     `json:"early_data"`
	BodyRead                    int64    `json:"body_read"`
	LogOut                      bool     `json:"log_out"`
	LoggedOut                   bool     `json:"logged_out"`
}

func (r request) describe(now time.Time) clientcert.Request {
	requirement := clientcert.RequireUser
	if r.Requirement != nil {
		requirement = []clientcert.Requirement{clientcert.RequireNothing, clientcert.RequireCertificate,
			clientcert.RequireVerified, clientcert.RequireUser}[*r.Requirement]
	}
	return clientcert.Request{
		Requirement:                 requirement,
		Users:                       r.Users,
		Strong:                      r.Strong,
		MaximumAge:                  time.Duration(r.MaximumAge) * time.Second,
		Method:                      r.Method,
		Origin:                      r.Origin,
		AccessControlRequestMethod:  r.AccessControlRequestMethod,
		AccessControlRequestHeaders: r.AccessControlRequestHeaders,
		ServerName:                  r.ServerName,
		Authority:                   r.Authority,
		VirtualHost:                 r.VirtualHost,
		Target:                      r.Target,
		OtherLoginURL:               r.OtherLoginURL,
		OtherLoginChallenge:         r.OtherLoginChallenge,
		Challenges:                  r.Challenges,
		IdentityBefore:              r.IdentityBefore,
		Nonce:                       r.Nonce,
		TLSVersion:                  r.TLSVersion,
		HTTPVersion:                 clientcert.HTTPVersion(r.HTTPVersion),
		ProvedAt:                    moment(r.HandshakeTime),
		HandshakeOpen:               r.HandshakeOpen,
		OffersPostHandshakeAuth:     r.OffersPostHandshakeAuth,
		SecureRenegotiation:         r.SecureRenegotiation,
		Late:                        clientcert.Late(r.Late),
		ArrivedBefore:               r.ArrivedBefore,
		Resumed:                     r.Resumed,
		Reused:                      r.Reused,
		Answered421:                 r.Answered421,
		PreflightOpened:             r.PreflightOpened,
		EarlyData:                   r.EarlyData,
		BodyRead:                    r.BodyRead,
		LogOut:                      r.LogOut,
		LoggedOut:                   r.LoggedOut,
		Time:                        now,
	}
}

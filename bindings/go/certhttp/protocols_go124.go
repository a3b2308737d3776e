//go:build go1.24

package certhttp

import "net/http"

// protocols are those that net/http would offer by itself.
func protocols(server *http.Server) []string {
	chosen := server.Protocols
	if chosen == nil {
		chosen = new(http.Protocols)
		chosen.SetHTTP1(true)
		chosen.SetHTTP2(server.TLSNextProto == nil || server.TLSNextProto["h2"] != nil)
	}
	var names []string
	if chosen.HTTP2() {
		names = append(names, "h2")
	}
	if chosen.HTTP1() {
		names = append(names, "http/1.1")
	}
	return names
}

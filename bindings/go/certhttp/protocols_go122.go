//go:build !go1.24

package certhttp

import "net/http"

// protocols are those that net/http would offer by itself.
func protocols(server *http.Server) []string {
	if server.TLSNextProto == nil || server.TLSNextProto["h2"] != nil {
		return []string{"h2", "http/1.1"}
	}
	return []string{"http/1.1"}
}

// Package ports finds ports for programs that have to be told one in advance. Whoever can take a listener takes that.
package ports

import (
	"math/rand"
	"net"
	"strconv"
	"testing"
)

// Draw is a port on the loopback interface that nobody listens at. It is below those that the kernel takes for outgoing
// connections, which would take one that was free a moment ago.
func Draw(t testing.TB) string {
	t.Helper()
	var err error
	for range 100 {
		port := strconv.Itoa(10000 + rand.Intn(22000))
		var listener net.Listener
		if listener, err = net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal(err)
	return ""
}

// Package clientcert decides who a TLS client is according to its certificate, and whether this may go on.
//
// It is the Go binding of libclientcert, which it finds by pkg-config. A Verifier is made once, out of options by name; what TLS
// has proved the possession of is given to it, and a Verdict comes back:
//
//	verifier, err := clientcert.New(clientcert.Config{Mode: "optional", CA: "/etc/ssl/clients-ca.pem"})
//	…
//	verdict, err := verifier.Verify(chain)
//	if verdict.Verified() {
//		fmt.Println("hello", verdict.Subject())
//	}
//
// Servers seldom call Verify themselves. Verifier.TLSConfig makes a tls.Config whose handshakes do, resumed ones too, and package
// certhttp has the middleware for net/http.
//
// # Two worlds
//
// A call fails with an error, for instance because a file cannot be read. A client fails with a verdict, which is no error. A nil
// Verdict or Decision, and one that was closed, lets nobody in.
//
// # Memory
//
// What the library holds is freed when the garbage collector finds that nobody can reach it. Close frees it at once; whatever is used
// after that returns ErrClosed or refuses. Every type may be used by several goroutines at the same time, also while another one
// closes it.
package clientcert

// A small site whose users log in by a certificate or a password, and register their certificates themselves. No CA is needed.
//
//	go run ./examples/site CERTIFICATE KEY REGISTRY USER:PASSWORD [ADDRESS]
//	go run ./examples/site server.pem server.key sqlite:users.db alice:wonderland 127.0.0.1:8443
//
// CERTIFICATE and KEY are the server's own, in PEM. One user will do to show how it goes; yours come out of your database.
//
//	/            for everybody
//	/log-in      by the certificate of the connection, or by a password
//	/account     for who is logged in, by whatever; registers the certificate of the connection
//	/vault       for who has a certificate that is registered
//	/log-out
package main

import (
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"

	"clientcert.dev/go"
	"clientcert.dev/go/certhttp"
)

func main() {
	if len(os.Args) < 5 {
		log.Fatal("usage: site CERTIFICATE KEY REGISTRY USER:PASSWORD [ADDRESS]")
	}
	user, password, _ := strings.Cut(os.Args[4], ":")
	address := "127.0.0.1:0"
	if len(os.Args) > 5 {
		address = os.Args[5]
	}
	// Every client is asked, and none needs to have a certificate. One that is not registered does not end the connection, because its
	// user may be about to register it.
	verifier, err := clientcert.New(clientcert.Config{Mode: "optional_no_ca", Options: map[string]string{
		"trust": "key", "tolerate": "key_not_registered", "registry": os.Args[3],
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer verifier.Close()

	guard := &certhttp.Guard{Verifier: verifier}
	site := &site{verifier: verifier, users: map[string]string{user: password}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", site.home)
	mux.HandleFunc("GET /log-in", site.logInPage)
	mux.HandleFunc("POST /log-in", site.logIn)
	mux.HandleFunc("GET /account", site.account)
	mux.HandleFunc("POST /account/register", site.register)
	mux.Handle("GET /vault", guard.Require(certhttp.Place{}, http.HandlerFunc(site.vault)))
	mux.Handle("POST /log-out", site.logOut(guard.LogOut("/")))
	certificate, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: mux, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	guard.Install(server)

	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	fmt.Printf("https://localhost:%s/\n", port)
	log.Fatal(server.ServeTLS(listener, "", ""))
}

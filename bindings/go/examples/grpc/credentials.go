// Package grpccert lets a gRPC server know its clients by their certificates: credentials that judge every connection,
// resumed ones too, and interceptors that decide about every call.
//
//	creds := grpccert.NewCredentials(verifier, config)
//	guard := &grpccert.Guard{Verifier: verifier, Require: func(method string) clientcert.Request { … }}
//	grpc.NewServer(grpc.Creds(creds), grpc.UnaryInterceptor(guard.Unary), grpc.StreamInterceptor(guard.Stream))
package grpccert

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"clientcert.dev/go"
	"google.golang.org/grpc/credentials"
)

// AuthInfo is what peer.FromContext has of a connection.
type AuthInfo struct {
	credentials.TLSInfo
	Connection *clientcert.Connection
}

// NewCredentials are those of a server. config has the server's own certificate.
func NewCredentials(verifier *clientcert.Verifier, config *tls.Config) credentials.TransportCredentials {
	own := config.Clone()
	own.NextProtos = []string{"h2"}
	judging := verifier.TLSConfig(own)
	return &serverCredentials{credentials.NewTLS(judging), judging}
}

type serverCredentials struct {
	credentials.TransportCredentials
	config *tls.Config
}

// ServerHandshake is called with the deadline of grpc.ConnectionTimeout.
func (c *serverCredentials) ServerHandshake(accepted net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn := tls.Server(accepted, c.config)
	ctx, connection := clientcert.NewConnection(context.Background(), conn)
	if err := conn.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, nil, err
	}
	state := conn.ConnectionState()
	if state.NegotiatedProtocol != "h2" {
		conn.Close()
		return nil, nil, errors.New("grpccert: the client does not speak HTTP/2")
	}
	info := credentials.TLSInfo{State: state, CommonAuthInfo: credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}}
	return conn, AuthInfo{info, connection}, nil
}

func (c *serverCredentials) Clone() credentials.TransportCredentials {
	return &serverCredentials{c.TransportCredentials.Clone(), c.config.Clone()}
}

package grpccert

import (
	"context"
	"log/slog"

	"clientcert.dev/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// Guard decides about calls.
type Guard struct {
	Verifier *clientcert.Verifier
	// Require says what a method, such as /grpc.health.v1.Health/Check, requires. nil requires a user of every method.
	Require func(method string) clientcert.Request
}

// Unary is a grpc.UnaryServerInterceptor.
func (g *Guard) Unary(ctx context.Context, call any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	verdict, err := g.decide(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	return handler(clientcert.NewContext(ctx, verdict), call)
}

// Stream is a grpc.StreamServerInterceptor. It decides again for every message, so that a stream ends that its client
// may not have any more.
func (g *Guard) Stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	verdict, err := g.decide(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	return handler(server, &guardedStream{stream, g, info.FullMethod, clientcert.NewContext(stream.Context(), verdict)})
}

type guardedStream struct {
	grpc.ServerStream
	guard  *Guard
	method string
	ctx    context.Context
}

func (s *guardedStream) Context() context.Context { return s.ctx }

func (s *guardedStream) RecvMsg(message any) error {
	if err := s.ServerStream.RecvMsg(message); err != nil {
		return err
	}
	_, err := s.guard.decide(s.ctx, s.method)
	return err
}

func (s *guardedStream) SendMsg(message any) error {
	if _, err := s.guard.decide(s.ctx, s.method); err != nil {
		return err
	}
	return s.ServerStream.SendMsg(message)
}

// decide gives the verdict of a client who may call a method.
func (g *Guard) decide(ctx context.Context, method string) (*clientcert.Verdict, error) {
	if _, err := g.Verifier.Refresh(); err != nil {
		slog.Warn("clientcert: the policy in force stays: it could not be refreshed", "error", err)
	}
	var request clientcert.Request
	if g.Require != nil {
		request = g.Require(method)
	}
	request.Method, request.Target, request.HTTPVersion = "POST", method, clientcert.HTTP2
	if values := metadata.ValueFromIncomingContext(ctx, ":authority"); len(values) > 0 {
		request.Authority = values[0]
	}
	// Without our credentials there is no connection, whose verdict is nil, which is refused.
	var connection *clientcert.Connection
	if client, ok := peer.FromContext(ctx); ok {
		if info, ok := client.AuthInfo.(AuthInfo); ok {
			connection = info.Connection
			request.TLSVersion, request.ServerName = info.State.Version, info.State.ServerName
		}
	}
	request.ProvedAt, request.Resumed = connection.ProvedAt(), connection.Resumed()
	decision := g.Verifier.Decide(connection.Verdict(), request)
	defer decision.Close()
	verdict := decision.Verdict()
	switch {
	case decision.Allowed():
		return verdict, nil
	case verdict.Outcome() == clientcert.None:
		return nil, status.Error(codes.Unauthenticated, decision.Cause())
	default:
		return nil, status.Error(codes.PermissionDenied, decision.Cause())
	}
}

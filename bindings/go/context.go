package clientcert

import "context"

type contextKey int

const (
	verdictKey contextKey = iota
	connectionKey
)

// NewContext is a context with the verdict on the client of a request.
func NewContext(ctx context.Context, verdict *Verdict) context.Context {
	return context.WithValue(ctx, verdictKey, verdict)
}

// FromContext is the verdict on the client of a request, as the middleware decided; nil, which is nobody, where none did.
func FromContext(ctx context.Context) *Verdict {
	verdict, _ := ctx.Value(verdictKey).(*Verdict)
	return verdict
}

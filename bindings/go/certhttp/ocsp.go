package certhttp

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"clientcert.dev/go"
)

const (
	largestOCSPResponse = 65536
	ocspPatience        = 5 * time.Second
	mostOCSPRounds      = 20
)

// AskOCSP asks the OCSP responders that a verdict waits for, for Guard.Complete or clientcert.Host.Complete. Where
// nobody answers in five seconds altogether, the option ocsp_missing judges. A verdict that waits for nothing is
// returned as it is. client may be nil.
func AskOCSP(client *http.Client, verifier *clientcert.Verifier) func(context.Context, *clientcert.Verdict) *clientcert.Verdict {
	if client == nil {
		client = http.DefaultClient
	}
	return func(ctx context.Context, verdict *clientcert.Verdict) *clientcert.Verdict {
		ctx, cancel := context.WithTimeout(ctx, ocspPatience)
		defer cancel()
		for range mostOCSPRounds {
			questions := verdict.OCSPQuestions()
			if len(questions) == 0 {
				break
			}
			verdict = askAbout(ctx, client, verifier, verdict, questions)
		}
		return verdict
	}
}

// askAbout asks about the first certificate: its responders one after another, until one's answer counts.
func askAbout(
	ctx context.Context, client *http.Client, verifier *clientcert.Verifier, verdict *clientcert.Verdict,
	questions []clientcert.OCSPQuestion,
) *clientcert.Verdict {
	certificate := questions[0].Certificate
	judged := (*clientcert.Verdict)(nil)
	for _, question := range questions {
		if question.Certificate != certificate {
			break
		}
		response, err := ask(ctx, client, question)
		if err != nil {
			continue
		}
		if judged, err = verifier.OCSPResponse(verdict, certificate, response, time.Time{}); err != nil {
			return nil
		}
		if judged.Accepted() || len(judged.OCSPQuestions()) > 0 || revoked(judged) {
			return judged
		}
	}
	if judged != nil {
		return judged
	}
	unanswered, _ := verifier.OCSPResponse(verdict, certificate, nil, time.Time{})
	return unanswered
}

func ask(ctx context.Context, client *http.Client, question clientcert.OCSPQuestion) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, question.URL, bytes.NewReader(question.Request))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/ocsp-request")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(io.LimitReader(response.Body, largestOCSPResponse+1))
}

func revoked(verdict *clientcert.Verdict) bool {
	for _, reason := range verdict.Reasons() {
		if reason.Code == clientcert.ReasonCertificateRevoked {
			return true
		}
	}
	return false
}

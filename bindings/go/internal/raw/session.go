package raw

// #include <clientcert.h>
import "C"

import "unsafe"

// SessionExport writes a record into out, and returns its length, which may be more than there is room for.
func SessionExport(verifier Verifier, verdict Verdict, host string, handshakeTime int64, out []byte) int {
	bytes, capacity := octets(out)
	return int(C.clientcert_session_export(verifierOf(verifier), verdictOf(verdict), text(host), C.int64_t(handshakeTime), bytes,
		capacity))
}

func SessionResume(verifier Verifier, host string, record []byte, time int64) (verdict Verdict, handshakeTime int64) {
	var proved C.int64_t
	bytes, length := octets(record)
	verdict = Verdict(C.clientcert_session_resume(verifierOf(verifier), text(host), bytes, length, C.int64_t(time), &proved))
	return verdict, int64(proved)
}

// Ticket is a clientcert_ticket.
type Ticket unsafe.Pointer

func ticketOf(ticket Ticket) *C.clientcert_ticket { return (*C.clientcert_ticket)(ticket) }

func TicketNew(verifier Verifier, verdict Verdict, question string, handshakeTime int64) (Ticket, *Failure) {
	var ticket *C.clientcert_ticket
	var err *C.clientcert_error
	status := C.clientcert_ticket_new(verifierOf(verifier), verdictOf(verdict), text(question), C.int64_t(handshakeTime), &ticket, &err)
	return Ticket(ticket), failure(status, err)
}

func TicketLocation(ticket Ticket) (string, bool) {
	var length C.size_t
	location := C.clientcert_ticket_location(ticketOf(ticket), &length)
	return copyText(location, length)
}

func TicketFree(ticket Ticket) { C.clientcert_ticket_free(ticketOf(ticket)) }

func TicketRedeem(verifier Verifier, ticket, host, nonce string, time int64) (verdict Verdict, handshakeTime int64) {
	var proved C.int64_t
	verdict = Verdict(C.clientcert_ticket_redeem(verifierOf(verifier), text(ticket), text(host), text(nonce), C.int64_t(time), &proved))
	return verdict, int64(proved)
}

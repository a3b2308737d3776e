package clientcert

import (
	"errors"

	"clientcert.dev/go/internal/raw"
)

// Status is why a call failed, as a number that never changes its meaning. It is an error to compare with:
//
//	if errors.Is(err, clientcert.ErrKeyTaken) { … }
//
// Bands: 1 to 15 misuse, 16 to 31 options, 32 to 47 files, 48 to 63 contents, 64 to 79 the library, 80 to 95 the registry.
type Status int32

// Why calls fail.
const (
	ErrInvalidArgument     Status = 1  // an argument is missing, no UTF-8, or a number without meaning
	ErrUnknownOption       Status = 16 // there is no option of this name; the message suggests the nearest
	ErrInvalidValue        Status = 17 // the option does not take this value
	ErrInvalidConfig       Status = 18 // the options contradict each other, or would let everybody in
	ErrNotSupported        Status = 19 // this build or version of the library does not have it
	ErrIO                  Status = 32 // a file or folder cannot be read
	ErrMalformed           Status = 48 // a file or buffer is not what it should be
	ErrNoCertificate       Status = 49 // a file, folder or buffer holds no certificate
	ErrUnusableAnchor      Status = 50 // a certificate cannot serve as a CA here
	ErrNoCRL               Status = 51 // a file, folder or buffer holds no CRL
	ErrUnusableCRL         Status = 52 // a CRL is not by the issuer that it names, or may not be
	ErrInternal            Status = 64 // the library failed inside
	ErrKeyTaken            Status = 80 // the key is registered already
	ErrKeyRevoked          Status = 81 // the key was revoked, which is for good
	ErrNotRegistered       Status = 82 // there is no registration of this key, or of this user
	ErrNotEntitled         Status = 83 // what was presented does not entitle to it
	ErrRegistryUnavailable Status = 84 // the registry is out of reach, or busy for too long
)

// ErrClosed is returned for whatever is used after its Close.
var ErrClosed = errors.New("clientcert: closed")

// Error is the stable name of the status, such as invalid_value.
func (s Status) Error() string { return raw.StatusName(int32(s)) }

// Error is why one call failed. Compare its Status by errors.Is.
type Error struct {
	Status  Status
	Message string // in English, with the option, and the file with its line or byte, for people and their logs
}

func (e *Error) Error() string { return "clientcert: " + e.Message }

// Unwrap gives the status.
func (e *Error) Unwrap() error { return e.Status }

func failed(failure *raw.Failure) error {
	if failure == nil {
		return nil
	}
	return &Error{Status(failure.Status), failure.Message}
}

// Package raw is the C interface of clientcert in Go: every function of clientcert.h under its own name, with Go's strings
// and slices for pointers with lengths, and nothing else. What a function does, stands in clientcert.h.
//
// Handles are pointers of C. Who frees them, and which threads may use them, is as clientcert.h says; nothing here
// watches over it. What the library lends is copied. Memory of Go is lent to the library for the call alone.
package raw

// #cgo pkg-config: clientcert
// #include <clientcert.h>
import "C"

import (
	"strings"
	"unsafe"
)

// Failure is why a call failed; nil where it did not.
type Failure struct {
	Status  int32
	Message string
}

// Now is the moment of the call.
const Now = int64(C.CLIENTCERT_NOW)

// HeaderABIVersion is the level of the interface that this package was compiled with.
const HeaderABIVersion = uint32(C.CLIENTCERT_ABI_VERSION)

// HeaderVersion is the version that this package was compiled with: major, minor, patch.
func HeaderVersion() [3]int {
	return [3]int{C.CLIENTCERT_VERSION_MAJOR, C.CLIENTCERT_VERSION_MINOR, C.CLIENTCERT_VERSION_PATCH}
}

func Version() string { return C.GoString(C.clientcert_version()) }

func ABIVersion() uint32 { return uint32(C.clientcert_abi_version()) }

// noText is no UTF-8, so that every function refuses it.
const noText = "\xff"

// text lends a string to C. In C a text ends at its first NUL: what has one is not passed as less than it is.
func text(value string) *C.char {
	if strings.IndexByte(value, 0) >= 0 {
		value = noText
	}
	bytes := make([]byte, len(value)+1)
	copy(bytes, value)
	return (*C.char)(unsafe.Pointer(&bytes[0]))
}

// optionalText lends a string that may be missing.
func optionalText(value *string) *C.char {
	if value == nil {
		return nil
	}
	return text(*value)
}

// octets lends bytes to C, with their number.
func octets(value []byte) (*C.uint8_t, C.size_t) {
	return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(value))), C.size_t(len(value))
}

// chars lends a string of known length to C, which may hold anything.
func chars(value string) (*C.char, C.size_t) {
	return (*C.char)(unsafe.Pointer(unsafe.StringData(value))), C.size_t(len(value))
}

// copyText copies what the library lends: false for NULL.
func copyText(value *C.char, length C.size_t) (string, bool) {
	if value == nil {
		return "", false
	}
	return string(unsafe.Slice((*byte)(unsafe.Pointer(value)), length)), true
}

// copyString copies a text that ends with NUL: false for NULL.
func copyString(value *C.char) (string, bool) {
	if value == nil {
		return "", false
	}
	return C.GoString(value), true
}

// copyOctets copies what the library lends: nil for NULL.
func copyOctets(value *C.uint8_t, length C.size_t) []byte {
	if value == nil {
		return nil
	}
	copied := make([]byte, length)
	copy(copied, unsafe.Slice((*byte)(unsafe.Pointer(value)), length))
	return copied
}

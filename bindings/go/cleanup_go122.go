//go:build !go1.24

package clientcert

import (
	"runtime"
	"unsafe"
)

type cleanup struct{}

// own takes a reference of the library's over. o is the beginning of the object with whose end it ends.
func own[Handle ~unsafe.Pointer](o *owned[Handle], handle Handle, free func(Handle)) {
	o.handle, o.free = handle, free
	o.users.Store(1)
	runtime.SetFinalizer(o, func(o *owned[Handle]) { o.free(o.handle) })
}

func (*cleanup) stop(o any) { runtime.SetFinalizer(o, nil) }

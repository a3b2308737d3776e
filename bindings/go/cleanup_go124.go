//go:build go1.24

package clientcert

import (
	"runtime"
	"unsafe"
)

type cleanup struct{ runtime.Cleanup }

// own takes a reference of the library's over. o is part of the object with whose end it ends.
func own[Handle ~unsafe.Pointer](o *owned[Handle], handle Handle, free func(Handle)) {
	o.handle, o.free = handle, free
	o.users.Store(1)
	o.cleanup = cleanup{runtime.AddCleanup(o, free, handle)}
}

func (c *cleanup) stop(any) { c.Stop() }

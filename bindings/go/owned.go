package clientcert

import (
	"sync/atomic"
	"time"
	"unsafe"

	"clientcert.dev/go/internal/raw"
)

// owned is one reference of the library's, which several goroutines may use at the same time. It is freed once: when it was
// closed and the last call with it has returned, or when nobody can reach its owner any more.
type owned[Handle ~unsafe.Pointer] struct {
	handle  Handle
	users   atomic.Int64 // calls under way, and one for the owner
	closed  atomic.Bool
	free    func(Handle)
	cleanup cleanup
}

// borrow gives the handle for one call, after which comes giveBack; nil after close, which every call of the library refuses.
func (o *owned[Handle]) borrow() Handle {
	for users := o.users.Load(); users > 0 && !o.closed.Load(); users = o.users.Load() {
		if o.users.CompareAndSwap(users, users+1) {
			return o.handle
		}
	}
	return nil
}

func (o *owned[Handle]) giveBack(handle Handle) {
	if handle != nil && o.users.Add(-1) == 0 {
		o.free(o.handle)
	}
}

func (o *owned[Handle]) close() {
	if !o.closed.Swap(true) && o.handle != nil {
		o.cleanup.stop(o)
		o.giveBack(o.handle)
	}
}

// moment is a time as the library takes it; the zero Time is now.
func moment(t time.Time) int64 {
	if t.IsZero() {
		return raw.Now
	}
	return t.Unix()
}

// pointer makes a text optional: an empty one is none.
func pointer(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

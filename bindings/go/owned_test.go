package clientcert

import (
	"testing"
	"unsafe"
)

func TestWhatIsClosedDuringACallIsFreedAfterIt(t *testing.T) {
	type handle unsafe.Pointer
	freed := 0
	var o owned[handle]
	own(&o, handle(unsafe.Pointer(new([16]byte))), func(handle) { freed++ })
	call := o.borrow()
	o.close()
	o.close()
	if freed != 0 {
		t.Error("freed during a call")
	}
	if o.borrow() != nil {
		t.Error("a call began after the end")
	}
	o.giveBack(nil)
	o.giveBack(call)
	if freed != 1 {
		t.Errorf("freed %d times", freed)
	}
}

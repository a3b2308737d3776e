//go:build !race

// The race detector keeps memory of its own for everything that was ever allocated.

package clientcert_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"clientcert.dev/go/internal/pki"
)

// A million verdicts leave no more memory behind than the first hundred thousand, whether they are closed or not.
func TestVerdictsLeaveNoMemory(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root))
	clients := make([][][]byte, 16)
	for i := range clients {
		clients[i] = root.Issue("client " + strconv.Itoa(i)).Chain
	}
	many := func(count int, closes bool) {
		for i := range count {
			verdict, err := by.Verify(clients[i%len(clients)])
			if err != nil || !verdict.Verified() {
				t.Fatalf("%v, %v", reasons(verdict), err)
			}
			if closes {
				verdict.Close()
			}
		}
		for range 3 {
			runtime.GC()
			time.Sleep(10 * time.Millisecond)
		}
	}
	many(100_000, true)
	many(100_000, false)
	before := resident(t)
	many(500_000, true)
	many(300_000, false)
	if after := resident(t); after > before+8<<20 {
		t.Errorf("%d kB more", (after-before)>>10)
	}
}

// Verdicts without a cache are new objects of the library's, which the garbage collector cannot see.
func TestVerdictsWithoutACacheLeaveNoMemory(t *testing.T) {
	root := pki.New(t, "Root")
	by := verifier(t, trusting(root, "cache_size", "0"))
	chain := root.Issue("alice").Chain
	many := func(count int) {
		for range count {
			if verdict, _ := by.Verify(chain); !verdict.Verified() {
				t.Fatal(reasons(verdict))
			}
			runtime.Gosched()
		}
		for range 3 {
			runtime.GC()
			time.Sleep(10 * time.Millisecond)
		}
	}
	many(300)
	before := resident(t)
	many(1500)
	if after := resident(t); after > before+8<<20 {
		t.Errorf("%d kB more", (after-before)>>10)
	}
}

func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

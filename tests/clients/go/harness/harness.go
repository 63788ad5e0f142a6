// Package harness has what tests of a running server need, whatever they test.
package harness

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

// Patience is how long a test may wait for the server.
const Patience = 30 * time.Second

// Main refuses to run without a server, so that no test is skipped by mistake.
func Main(m *testing.M) {
	if os.Getenv("KUBEDOUBLE_URL") == "" {
		fmt.Fprintln(os.Stderr, "set KUBEDOUBLE_URL to the address of a fresh server, as tests/clients/run does")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// Must ends the test on an error.
func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Eventually polls until the condition holds.
func Eventually(t *testing.T, ctx context.Context, what string, holds func() bool) {
	t.Helper()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not in time", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Next waits for the next event.
func Next(t *testing.T, ctx context.Context, from watch.Interface) watch.Event {
	t.Helper()
	select {
	case event, open := <-from.ResultChan():
		if !open {
			t.Fatal("the watch ended early")
		}
		return event
	case <-ctx.Done():
		t.Fatal("no event in time")
	}
	panic("unreachable")
}

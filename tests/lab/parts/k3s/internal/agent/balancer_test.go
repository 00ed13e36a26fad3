package agent

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"slices"
	"testing"
)

// answering is a server that says its name to whoever connects.
func answering(t *testing.T, name string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, name)
			c.Close()
		}
	}()
	return l
}

func TestBalancerOutlivesTheServerItWasGiven(t *testing.T) {
	first, second := answering(t, "first"), answering(t, "second")
	defer second.Close()
	b, err := startBalancer(context.Background(), 0, first.Addr().String(), filepath.Join(t.TempDir(), "agent"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.listener.Close()
	ask := func() string {
		c, err := net.Dial("tcp", b.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		data, _ := io.ReadAll(c)
		return string(data)
	}
	if got := ask(); got != "first" {
		t.Fatalf("answered by %q", got)
	}
	b.set([]string{first.Addr().String(), second.Addr().String()})
	first.Close()
	if got := ask(); got != "second" {
		t.Fatalf("answered by %q after the first server ended", got)
	}
	b.set([]string{second.Addr().String()})
	if want := []string{second.Addr().String(), first.Addr().String()}; !slices.Equal(b.servers, want) {
		t.Errorf("servers %q, want %q: the configured one stays last", b.servers, want)
	}
}

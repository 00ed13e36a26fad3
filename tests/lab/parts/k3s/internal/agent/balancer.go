package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/logging"
)

const (
	dialTimeout     = 3 * time.Second
	refreshInterval = 15 * time.Second
)

// balancer forwards connections from loopback to whichever server answers, so that an agent outlives the server it joined through.
type balancer struct {
	listener   net.Listener
	file       string
	configured string
	mu         sync.Mutex
	servers    []string // host:port, the one that answered last first
}

// startBalancer listens on 127.0.0.1:port; the servers known from earlier runs are tried after the given one.
func startBalancer(ctx context.Context, port int, first, dataDir string) (*balancer, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	b := &balancer{listener: listener, file: filepath.Join(dataDir, "etc", "k3s-agent-load-balancer.json"), configured: first, servers: []string{first}}
	if data, err := os.ReadFile(b.file); err == nil {
		var known []string
		if json.Unmarshal(data, &known) == nil {
			b.set(known)
		}
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	go b.serve(ctx)
	return b, nil
}

func (b *balancer) url() string { return "https://" + b.listener.Addr().String() }

// set adds newly known servers and forgets those that are gone, but never all of them.
func (b *balancer) set(servers []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(servers) == 0 {
		return
	}
	kept := slices.DeleteFunc(slices.Clone(b.servers), func(s string) bool { return !slices.Contains(servers, s) })
	for _, s := range servers {
		if !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	// the configured server stays last in line: its name may come back with another address
	if !slices.Contains(kept, b.configured) {
		kept = append(kept, b.configured)
	}
	b.servers = kept
}

// refresh keeps the list of servers up to date, in memory and on disk.
func (b *balancer) refresh(ctx context.Context, client *Client) {
	for ticker := time.NewTicker(refreshInterval); ; {
		var servers []string
		if data, err := client.Get(ctx, "/v1-k3s/apiservers"); err == nil && json.Unmarshal(data, &servers) == nil {
			b.set(servers)
			if known, err := json.Marshal(servers); err == nil && len(servers) > 0 {
				if err := files.Replace(b.file, known, 0o600); err != nil {
					logging.Warnf("%v", err)
				}
			}
		}
		select {
		case <-ctx.Done():
			ticker.Stop()
			return
		case <-ticker.C:
		}
	}
}

func (b *balancer) serve(ctx context.Context) {
	for {
		client, err := b.listener.Accept()
		if err != nil {
			return
		}
		go b.forward(ctx, client)
	}
}

func (b *balancer) forward(ctx context.Context, client net.Conn) {
	defer client.Close()
	server, err := b.dial(ctx)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		server.Close()
		client.Close()
	}()
	_, _ = io.Copy(client, server)
}

func (b *balancer) dial(ctx context.Context) (net.Conn, error) {
	b.mu.Lock()
	servers := slices.Clone(b.servers)
	b.mu.Unlock()
	var last error
	for _, address := range servers {
		dialer := net.Dialer{Timeout: dialTimeout}
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			b.prefer(address)
			return conn, nil
		}
		last = err
	}
	return nil, last
}

func (b *balancer) prefer(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.servers, address); i > 0 {
		b.servers = slices.Insert(slices.Delete(b.servers, i, i+1), 0, address)
	}
}

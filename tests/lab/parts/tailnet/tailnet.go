package main

import (
	"context"
	"log"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/tstest/integration"
	"tailscale.com/tstest/integration/testcontrol"
	"tailscale.com/types/key"
	"tailscale.com/types/logger"
)

// keepAlive is how often an idle map stream is sent a message, as Tailscale's own control server does.
const keepAlive = 50 * time.Second

// tailnet is the state that testcontrol lacks: who is connected, stable addresses, key expiry, and
// peers that are made up. Registration and transport stay testcontrol's.
type tailnet struct {
	control *testcontrol.Server
	derp    *tailcfg.DERPMap
	started time.Time

	mu       sync.Mutex
	streams  map[key.NodePublic]map[*stream]bool
	lastSeen map[key.NodePublic]time.Time
	expiry   map[string]time.Time // by hostname; others expire defaultExpiry after the start
	removed  map[key.NodePublic]bool
	moved    map[string]netip.Addr // by hostname; others have the addresses of their names
}

// stream is one open map poll; changed has room for one wake-up, as each answer holds everything.
type stream struct{ changed chan struct{} }

func newTailnet(ip, baseURL string) *tailnet {
	t := &tailnet{
		derp:     integration.RunDERPAndSTUN(programTB{}, logger.Discard, ip),
		started:  time.Now(),
		streams:  map[key.NodePublic]map[*stream]bool{},
		lastSeen: map[key.NodePublic]time.Time{},
		expiry:   map[string]time.Time{},
		removed:  map[key.NodePublic]bool{},
		moved:    map[string]netip.Addr{},
	}
	t.derp.Regions[1].RegionCode = "lab"
	t.derp.Regions[1].RegionName = "Lab"
	t.control = &testcontrol.Server{
		DERPMap:          t.derp,
		ExplicitBaseURL:  baseURL,
		MagicDNSDomain:   domain,
		AllNodesSameUser: true,
		AltMapStream:     t.serveMap,
	}
	return t
}

// controlHandler serves the paths of the control protocol alone: testcontrol ends the program on any
// other request, and the lab's hosts may ask for anything.
func (t *tailnet) controlHandler() http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/key", "/ts2021", "/machine/", "/c2n/", "/generate_204"} {
		mux.Handle(path, t.control)
	}
	return mux
}

// serveMap answers map requests in testcontrol's place.
func (t *tailnet) serveMap(ctx context.Context, w testcontrol.MapStreamWriter, req *tailcfg.MapRequest) {
	if t.control.Node(req.NodeKey) == nil {
		return // not registered; the client asks again
	}
	if !req.Stream {
		t.updateNode(req)
		if err := w.SendMapMessage(&tailcfg.MapResponse{}); err != nil {
			log.Printf("answer to a map update: %v", err)
		}
		return
	}
	s := t.open(req.NodeKey)
	defer t.close(req.NodeKey, s)
	for {
		if err := w.SendMapMessage(t.mapResponse(req.NodeKey)); err != nil {
			return
		}
		if !t.awaitChange(ctx, w, s) {
			return
		}
	}
}

// awaitChange returns true when there is something new to send, false when the client is gone.
func (t *tailnet) awaitChange(ctx context.Context, w testcontrol.MapStreamWriter, s *stream) bool {
	ticker := time.NewTicker(keepAlive)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-s.changed:
			return true
		case <-ticker.C:
			if err := w.SendMapMessage(&tailcfg.MapResponse{KeepAlive: true}); err != nil {
				return false
			}
		}
	}
}

// updateNode keeps what a client tells about itself outside its stream.
func (t *tailnet) updateNode(req *tailcfg.MapRequest) {
	if req.ReadOnly {
		return
	}
	t.mu.Lock()
	node := t.control.Node(req.NodeKey)
	node.Endpoints = req.Endpoints
	node.DiscoKey = req.DiscoKey
	node.Cap = req.Version
	if info := req.Hostinfo; info != nil {
		node.Hostinfo = info.View()
		if info.NetInfo != nil && info.NetInfo.PreferredDERP != 0 {
			node.HomeDERP = info.NetInfo.PreferredDERP
		}
	}
	t.control.UpdateNode(node)
	t.mu.Unlock()
	t.notify()
}

func (t *tailnet) open(k key.NodePublic) *stream {
	s := &stream{changed: make(chan struct{}, 1)}
	t.mu.Lock()
	if t.streams[k] == nil {
		t.streams[k] = map[*stream]bool{}
	}
	t.streams[k][s] = true
	t.mu.Unlock()
	t.notify()
	return s
}

func (t *tailnet) close(k key.NodePublic, s *stream) {
	t.mu.Lock()
	delete(t.streams[k], s)
	t.lastSeen[k] = time.Now()
	t.mu.Unlock()
	t.notify()
}

// notify sends the tailnet's new state to everybody who is connected.
func (t *tailnet) notify() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, streams := range t.streams {
		for s := range streams {
			select {
			case s.changed <- struct{}{}:
			default: // a wake-up is pending
			}
		}
	}
}

// hostname is what a node calls itself, in DNS form.
func hostname(n *tailcfg.Node) string {
	return strings.ToLower(n.Hostinfo.Hostname())
}

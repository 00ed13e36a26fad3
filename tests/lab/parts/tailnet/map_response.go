package main

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tailscale.com/net/tsaddr"
	"tailscale.com/tailcfg"
	"tailscale.com/types/key"
)

const (
	domain = "lab.ts.net"
	// owner is the user that testcontrol gives all nodes to (AllNodesSameUser).
	owner  tailcfg.UserID = 123
	friend tailcfg.UserID = 456
	// taggedDevices is the pseudo user that owns what has tags.
	taggedDevices tailcfg.UserID = 789
	// defaultExpiry is Tailscale's own default of 180 days.
	defaultExpiry = 180 * 24 * time.Hour
)

var userProfiles = []tailcfg.UserProfile{
	{ID: owner, LoginName: "ada@example.com", DisplayName: "Ada"},
	{ID: friend, LoginName: "grace@example.org", DisplayName: "Grace"},
	{ID: taggedDevices, LoginName: "tagged-devices", DisplayName: "Tagged Devices"},
}

// mapResponse is the whole tailnet as the node k is to see it.
func (t *tailnet) mapResponse(k key.NodePublic) *tailcfg.MapResponse {
	now := time.Now()
	res := &tailcfg.MapResponse{
		DERPMap:         t.derp,
		Domain:          "ada@example.com",
		CollectServices: "false",
		PacketFilter:    tailcfg.FilterAllowAll,
		DNSConfig:       &tailcfg.DNSConfig{Proxied: true, Domains: []string{domain}},
		ControlTime:     &now,
		UserProfiles:    userProfiles,
		Peers:           []*tailcfg.Node{},
	}
	for _, node := range t.nodes() {
		if node.Key == k {
			res.Node = node
		} else {
			res.Peers = append(res.Peers, node)
		}
	}
	if res.Node == nil { // another machine has registered under its name since
		gone := now.Add(-time.Minute)
		res.Node = t.present(t.control.Node(k))
		res.Node.KeyExpiry = gone
	}
	res.Peers = append(res.Peers, madeUpPeers(t.started)...)
	return res
}

// nodes lists the registered nodes as peers see them. Where a machine has registered anew, as a lab host
// with a fresh disk does, the older registration of its name is left out.
func (t *tailnet) nodes() []*tailcfg.Node {
	newest := map[string]*tailcfg.Node{}
	for _, node := range t.control.AllNodes() {
		name := hostname(node)
		t.mu.Lock()
		removed := t.removed[node.Key]
		t.mu.Unlock()
		if seen := newest[name]; !removed && (seen == nil || seen.ID < node.ID) {
			newest[name] = node
		}
	}
	nodes := make([]*tailcfg.Node, 0, len(newest))
	for _, node := range newest {
		nodes = append(nodes, t.present(node))
	}
	return nodes
}

// present fills in what testcontrol does not keep.
func (t *tailnet) present(node *tailcfg.Node) *tailcfg.Node {
	name := hostname(node)
	node.Name = name + "." + domain + "."
	node.User = owner
	t.mu.Lock()
	defer t.mu.Unlock()
	node.Addresses = addresses(name, node.ID)
	if v4, set := t.moved[name]; set {
		node.Addresses = prefixes(v4)
	}
	node.AllowedIPs = node.Addresses
	node.KeyExpiry = t.started.Add(defaultExpiry)
	if at, set := t.expiry[name]; set {
		node.KeyExpiry = at
	}
	online := len(t.streams[node.Key]) > 0
	node.Online = &online
	if seen, known := t.lastSeen[node.Key]; known && !online {
		node.LastSeen = &seen
	}
	return node
}

// addresses gives each name addresses of its own, which stay unless a test moves it: nN has 100.64.0.N, the workstation
// 100.64.0.100, anything else 100.64.1.ID.
func addresses(name string, id tailcfg.NodeID) []netip.Prefix {
	v4 := netip.AddrFrom4([4]byte{100, 64, 1, byte(id)})
	if name == "ws" {
		v4 = netip.AddrFrom4([4]byte{100, 64, 0, 100})
	} else if n, err := strconv.ParseUint(strings.TrimPrefix(name, "n"), 10, 8); err == nil && n > 0 && n < 100 {
		v4 = netip.AddrFrom4([4]byte{100, 64, 0, byte(n)})
	}
	return prefixes(v4)
}

func prefixes(v4 netip.Addr) []netip.Prefix {
	return []netip.Prefix{
		netip.PrefixFrom(v4, 32),
		netip.PrefixFrom(tsaddr.Tailscale4To6(v4), 128),
	}
}

package main

import (
	"net/netip"
	"strings"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/types/key"
)

const day = 24 * time.Hour

// peer describes a machine of the tailnet that does not exist but as an entry in the control server, for
// what people's tailnets hold besides their nodes.
type peer struct {
	name     string // full MagicDNS name, without the final dot
	hostname string // what the machine calls itself
	os       string
	address  string
	user     tailcfg.UserID
	tags     []string
	shared   bool
	offline  time.Duration // time since it was seen; 0 means online
	expired  time.Duration // time since its key expired; 0 means not expired
}

// peers: iOS calls every phone "localhost"; the last one wants to write over the reader's terminal.
var peers = []peer{
	{name: "adas-phone." + domain, hostname: "localhost", os: "iOS", address: "100.101.12.7", user: owner},
	{name: "old-laptop." + domain, hostname: "old-laptop", os: "windows", address: "100.77.201.44", user: owner, offline: 12 * day},
	{name: "attic-pi." + domain, hostname: "attic-pi", os: "linux", address: "100.88.3.19", user: owner, offline: 3 * day, expired: 3 * day},
	{name: "nas.grace-tailnet.ts.net", hostname: "nas", os: "linux", address: "100.119.40.2", user: friend, shared: true},
	{name: "build-server." + domain, hostname: "build-server", os: "linux", address: "100.93.66.5", user: taggedDevices, tags: []string{"tag:ci", "tag:server"}},
	{name: "strange." + domain, hostname: "\x1b[2J\x1b]0;owned\a\u202egnp.exe\r\nn1 " + strings.Repeat("w", 300), os: "linux", address: "100.111.9.250", user: owner, offline: 40 * time.Minute},
}

// peerKeys stay the same for as long as the program runs, as a machine's do.
var peerKeys = func() []key.NodePublic {
	keys := make([]key.NodePublic, len(peers))
	for i := range keys {
		keys[i] = key.NewNode().Public()
	}
	return keys
}()

var peerDiscoKeys = func() []key.DiscoPublic {
	keys := make([]key.DiscoPublic, len(peers))
	for i := range keys {
		keys[i] = key.NewDisco().Public()
	}
	return keys
}()

// madeUpPeers are the made-up machines as nodes; times count back from `now`.
func madeUpPeers(now time.Time) []*tailcfg.Node {
	nodes := make([]*tailcfg.Node, 0, len(peers))
	for i, p := range peers {
		online := p.offline == 0
		addresses := prefixes(netip.MustParseAddr(p.address))
		node := &tailcfg.Node{
			ID:                tailcfg.NodeID(1000 + i),
			StableID:          tailcfg.StableNodeID("made-up-" + strings.SplitN(p.name, ".", 2)[0]),
			Name:              p.name + ".",
			User:              p.user,
			Key:               peerKeys[i],
			DiscoKey:          peerDiscoKeys[i],
			Addresses:         addresses,
			AllowedIPs:        addresses,
			HomeDERP:          1,
			Hostinfo:          (&tailcfg.Hostinfo{OS: p.os, Hostname: p.hostname}).View(),
			Created:           now.Add(-100 * day),
			Tags:              p.tags,
			Online:            &online,
			MachineAuthorized: true,
			Cap:               tailcfg.CurrentCapabilityVersion,
			KeyExpiry:         now.Add(60 * day),
		}
		if p.shared {
			node.Sharer = p.user
		}
		if len(p.tags) > 0 {
			node.KeyExpiry = time.Time{} // keys of tagged machines do not expire
		}
		if p.expired > 0 {
			node.KeyExpiry = now.Add(-p.expired)
			node.Expired = true
		}
		if !online {
			seen := now.Add(-p.offline)
			node.LastSeen = &seen
		}
		nodes = append(nodes, node)
	}
	return nodes
}

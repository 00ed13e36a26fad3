package main

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"time"
)

// adminNode is a registered node as the lab's own commands see it.
type adminNode struct {
	Name      string    `json:"name"`
	Address   string    `json:"address"`
	Online    bool      `json:"online"`
	KeyExpiry time.Time `json:"keyExpiry"`
}

// adminHandler is the lab's own way in:
//
//	GET    /nodes                registered nodes
//	PUT    /nodes/{name}/expiry  sets when the node's key expires; the body is a time in RFC 3339
//	PUT    /nodes/{name}/address gives the machine another IPv4 address, the body
//	DELETE /nodes/{name}         forgets the machine, as "Remove machine" in Tailscale's console does
func (t *tailnet) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /nodes", t.listNodes)
	mux.HandleFunc("PUT /nodes/{name}/expiry", setNode(t, t.expiry, parseTime))
	mux.HandleFunc("PUT /nodes/{name}/address", setNode(t, t.moved, netip.ParseAddr))
	mux.HandleFunc("DELETE /nodes/{name}", t.removeNode)
	return mux
}

func (t *tailnet) listNodes(w http.ResponseWriter, _ *http.Request) {
	list := []adminNode{}
	for _, node := range t.nodes() {
		list = append(list, adminNode{
			Name:      hostname(node),
			Address:   node.Addresses[0].Addr().String(),
			Online:    *node.Online,
			KeyExpiry: node.KeyExpiry,
		})
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(list)
}

// setNode keeps a value for a node, as the body has it.
func setNode[T any](t *tailnet, values map[string]T, parse func(string) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := make([]byte, 64)
		n, _ := r.Body.Read(text)
		value, err := parse(string(text[:n]))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		name := r.PathValue("name")
		if !t.has(name) {
			http.NotFound(w, r)
			return
		}
		t.mu.Lock()
		values[name] = value
		t.mu.Unlock()
		t.notify()
	}
}

func parseTime(text string) (time.Time, error) {
	return time.Parse(time.RFC3339, text)
}

func (t *tailnet) removeNode(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !t.has(name) {
		http.NotFound(w, r)
		return
	}
	for _, node := range t.control.AllNodes() {
		if hostname(node) == name {
			t.mu.Lock()
			t.removed[node.Key] = true
			t.mu.Unlock()
		}
	}
	t.notify()
}

func (t *tailnet) has(name string) bool {
	for _, node := range t.nodes() {
		if hostname(node) == name {
			return true
		}
	}
	return false
}

// Package supervisor answers the requests of joining nodes on the API server's port: paths below /v1-k3s, /cacerts and /ping.
package supervisor

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"k8s.io/client-go/kubernetes"

	"k3s-tool.lab/k3s/internal/jointoken"
	"k3s-tool.lab/k3s/internal/pki"
	"k3s-tool.lab/k3s/internal/settings"
)

// Supervisor holds what nodes may ask for.
type Supervisor struct {
	ServerCA, ClientCA *pki.Authority
	Cluster            settings.Cluster
	Passwords          func() Passwords
	Kube               func() kubernetes.Interface                   // nil until the API is ready
	APIServers         func(context.Context) ([]string, error)       // host:port of each server
	Bootstrap          func(context.Context) ([]byte, error)         // what another server needs; nil without etcd
	Members            func(context.Context) ([]byte, error)         // etcd's members
	EncryptionStatus   func(context.Context) (any, error)            // of Secrets in the datastore
	Encrypt            func(request []byte) error                    // takes a rotation of their keys one step on
	Node               string                                        // this server's own
	Rotate             func(ctx context.Context, token string) error // replaces the server token
}

// Passwords are the secrets of the cluster's join tokens.
type Passwords struct{ Server, Agent string }

type handler func(w http.ResponseWriter, r *http.Request) error

// failure is an error with an HTTP status.
type failure struct {
	status int
	reason string
}

func (f failure) Error() string { return f.reason }

// Handler puts the supervisor's paths in front of the API server.
func (s *Supervisor) Handler(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	handle := func(path string, allowed role, h handler) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			err := s.authorize(r, allowed)
			if err == nil {
				err = h(w, r)
			}
			if err != nil {
				sendError(w, r, err)
			}
		})
	}
	handle("/cacerts", anyone, s.bytes(s.ServerCA.PEM))
	handle("/ping", anyone, s.bytes([]byte("pong")))
	handle("/v1-k3s/client-ca.crt", node, s.bytes(s.ClientCA.PEM))
	handle("/v1-k3s/server-ca.crt", node, s.bytes(s.ServerCA.PEM))
	handle("/v1-k3s/config", node, func(w http.ResponseWriter, _ *http.Request) error { return sendJSON(w, s.Cluster) })
	handle("/v1-k3s/readyz", node, s.readyz)
	handle("/v1-k3s/apiservers", node, s.apiServers)
	handle("/v1-k3s/serving-kubelet.crt", node, s.servingKubelet)
	handle("/v1-k3s/client-kubelet.crt", node, s.clientKubelet)
	handle("/v1-k3s/client-kube-proxy.crt", node, s.client(pki.Subject{Name: "system:kube-proxy", Client: true}))
	handle("/v1-k3s/client-k3s-controller.crt", node, s.client(pki.Subject{Name: "system:k3s-controller", Client: true}))
	handle("/v1-k3s/server-bootstrap", server, s.bootstrap)
	handle("/v1-k3s/token", server, s.rotate)
	handle("/v1-k3s/encrypt/status", server, s.encryptStatus)
	handle("/v1-k3s/encrypt/config", server, s.encryptConfig)
	handle("/db/info", server, s.members)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Supervisor) bytes(data []byte) handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/plain")
		_, err := w.Write(data)
		return err
	}
}

func (s *Supervisor) readyz(w http.ResponseWriter, r *http.Request) error {
	if s.Kube() == nil {
		return failure{http.StatusServiceUnavailable, "runtime core not ready"}
	}
	return s.bytes([]byte("ok"))(w, r)
}

func (s *Supervisor) apiServers(w http.ResponseWriter, r *http.Request) error {
	addresses, err := s.APIServers(r.Context())
	if err != nil {
		return failure{http.StatusServiceUnavailable, err.Error()}
	}
	return sendJSON(w, addresses)
}

func (s *Supervisor) bootstrap(w http.ResponseWriter, r *http.Request) error {
	if s.Bootstrap == nil {
		return failure{http.StatusBadRequest, "etcd disabled"}
	}
	data, err := s.Bootstrap(r.Context())
	if err != nil {
		return err
	}
	return s.bytes(data)(w, r)
}

func (s *Supervisor) members(w http.ResponseWriter, r *http.Request) error {
	if s.Members == nil {
		return failure{http.StatusBadRequest, "etcd disabled"}
	}
	data, err := s.Members(r.Context())
	if err != nil {
		return failure{http.StatusServiceUnavailable, err.Error()}
	}
	return s.bytes(data)(w, r)
}

func (s *Supervisor) rotate(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPut {
		return failure{http.StatusMethodNotAllowed, "method not allowed"}
	}
	var request struct {
		NewToken string `json:"newToken"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 4096)).Decode(&request); err != nil {
		return failure{http.StatusBadRequest, err.Error()}
	}
	return s.Rotate(r.Context(), cmp.Or(request.NewToken, jointoken.Random(16))) // k3s-io/k3s pkg/server/handlers/token.go, tokenRotate
}

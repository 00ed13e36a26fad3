package supervisor

import (
	"crypto/subtle"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"k3s-tool.lab/k3s/internal/logging"
)

// role is what a caller has proved to be; a server may do what a node may.
type role int

const (
	anyone role = iota
	node
	server
)

var errUnauthorized = failure{http.StatusUnauthorized, "not authorized"}

func (s *Supervisor) authorize(r *http.Request, needed role) error {
	if needed == anyone {
		return nil
	}
	got, err := s.callerRole(r)
	if err != nil {
		return err
	}
	if got < needed {
		if got == anyone {
			return errUnauthorized
		}
		return failure{http.StatusForbidden, "forbidden"}
	}
	return nil
}

// callerRole reads the caller's password, bootstrap token or client certificate. A certificate counts where the password is wrong: a
// node that joined once needs no token any more (k3s-io/k3s pkg/authenticator/authenticator.go).
func (s *Supervisor) callerRole(r *http.Request) (role, error) {
	if got, err := s.secretRole(r); err != nil || got > anyone {
		return got, err
	}
	if s.certifiedNode(r) != "" {
		return node, nil
	}
	return anyone, nil
}

// secretRole reads the caller's password or bootstrap token.
func (s *Supervisor) secretRole(r *http.Request) (role, error) {
	if user, password, ok := r.BasicAuth(); ok {
		passwords := s.Passwords()
		switch {
		case user == "server" && same(password, passwords.Server):
			return server, nil
		case user == "node" && (same(password, passwords.Server) || same(password, passwords.Agent)):
			return node, nil
		}
		return anyone, nil
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return s.bootstrapRole(r, bearer)
	}
	return anyone, nil
}

// certifiedNode is the node whose certificate the caller has, or "".
func (s *Supervisor) certifiedNode(r *http.Request) string {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	roots := x509.NewCertPool()
	roots.AddCert(s.ClientCA.Cert)
	cert := r.TLS.PeerCertificates[0]
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil ||
		!slices.Contains(cert.Subject.Organization, "system:nodes") {
		return ""
	}
	return strings.TrimPrefix(cert.Subject.CommonName, "system:node:")
}

// bootstrapRole checks a token made with `k3s token create`: a Secret in kube-system, as kubeadm has them.
func (s *Supervisor) bootstrapRole(r *http.Request, bearer string) (role, error) {
	id, secret, ok := strings.Cut(bearer, ".")
	if !ok || len(id) != 6 {
		return anyone, nil
	}
	client := s.Kube()
	if client == nil {
		return anyone, failure{http.StatusServiceUnavailable, "runtime core not ready"}
	}
	found, err := client.CoreV1().Secrets("kube-system").Get(r.Context(), "bootstrap-token-"+id, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return anyone, nil
	}
	if err != nil {
		return anyone, failure{http.StatusServiceUnavailable, err.Error()}
	}
	if text := string(found.Data["expiration"]); text != "" {
		if end, err := time.Parse(time.RFC3339, text); err != nil || time.Now().After(end) {
			return anyone, nil
		}
	}
	if string(found.Data["usage-bootstrap-authentication"]) != "true" || !same(secret, string(found.Data["token-secret"])) {
		return anyone, nil
	}
	return node, nil
}

func same(given, want string) bool {
	return want != "" && subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}

func sendJSON(w http.ResponseWriter, value any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(value)
}

// sendError answers with a Status, as the API server does.
func sendError(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	var f failure
	if errors.As(err, &f) {
		status = f.status
	}
	logging.Errorf("Sending HTTP %d response to %s: %v", status, r.RemoteAddr, err)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(metav1.Status{
		TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status:   metav1.StatusFailure, Message: err.Error(), Code: int32(status),
	})
}

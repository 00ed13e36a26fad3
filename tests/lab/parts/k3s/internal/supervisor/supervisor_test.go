package supervisor

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"

	"k3s-tool.lab/k3s/internal/pki"
	"k3s-tool.lab/k3s/internal/settings"
)

type caller struct {
	user, password, bearer, node, nodePassword string
	certificate                                []tls.Certificate
}

// requesterKey is the key of the latest supervisor's callers, for which it signs certificates.
var requesterKey *ecdsa.PrivateKey

// supervised is a supervisor in front of an API server that answers "api", and a way to ask it.
func supervised(t *testing.T, client kubernetes.Interface) func(c caller, method, path string) (int, []byte) {
	t.Helper()
	dir := t.TempDir()
	authority := func(name string) *pki.Authority {
		a, err := pki.EnsureAuthority(filepath.Join(dir, name), name)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	s := &Supervisor{
		ServerCA: authority("server"), ClientCA: authority("client"), Cluster: settings.Cluster{ClusterDomain: "cluster.local"},
		Passwords:  func() Passwords { return Passwords{Server: "for-servers", Agent: "for-agents"} },
		Kube:       func() kubernetes.Interface { return client },
		APIServers: func(context.Context) ([]string, error) { return []string{"100.64.0.1:6443"}, nil },
		Bootstrap:  func(context.Context) ([]byte, error) { return []byte("keys"), nil },
	}
	server := httptest.NewUnstartedServer(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "api") })))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	requesterKey = key
	return func(c caller, method, path string) (int, []byte) {
		t.Helper()
		request, err := http.NewRequest(method, server.URL+path, bytes.NewReader(csr))
		if err != nil {
			t.Fatal(err)
		}
		if c.user != "" {
			request.SetBasicAuth(c.user, c.password)
		}
		if c.bearer != "" {
			request.Header.Set("Authorization", "Bearer "+c.bearer)
		}
		request.Header.Set("k3s-Node-Name", c.node)
		request.Header.Set("k3s-Node-Password", c.nodePassword)
		transport := server.Client().Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = c.certificate
		defer transport.CloseIdleConnections()
		response, err := (&http.Client{Transport: transport}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, body
	}
}

func TestWhoMayAskForWhat(t *testing.T) {
	bootstrap := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "bootstrap-token-abcdef", Namespace: "kube-system"},
		Data:       map[string][]byte{"token-secret": []byte("0123456789abcdef"), "usage-bootstrap-authentication": []byte("true")},
	}
	expired := bootstrap.DeepCopy()
	expired.Name, expired.Data["expiration"] = "bootstrap-token-fedcba", []byte("2020-01-01T00:00:00Z")
	ask := supervised(t, fake.NewClientset(bootstrap, expired))
	nobody, agent, server := caller{}, caller{user: "node", password: "for-agents"}, caller{user: "server", password: "for-servers"}
	for _, c := range []struct {
		who  caller
		path string
		want int
	}{
		{nobody, "/ping", 200},
		{nobody, "/cacerts", 200},
		{nobody, "/api", 200},
		{nobody, "/v1-k3s/config", 401},
		{caller{user: "node", password: "wrong"}, "/v1-k3s/config", 401},
		{caller{user: "server", password: "for-agents"}, "/v1-k3s/config", 401},
		{agent, "/v1-k3s/config", 200},
		{agent, "/v1-k3s/apiservers", 200},
		{caller{user: "node", password: "for-servers"}, "/v1-k3s/config", 200},
		{caller{bearer: "abcdef.0123456789abcdef"}, "/v1-k3s/config", 200},
		{caller{bearer: "abcdef.ffffffffffffffff"}, "/v1-k3s/config", 401},
		{caller{bearer: "fedcba.0123456789abcdef"}, "/v1-k3s/config", 401},
		{agent, "/v1-k3s/server-bootstrap", 403},
		{nobody, "/v1-k3s/server-bootstrap", 401},
		{server, "/v1-k3s/server-bootstrap", 200},
		{server, "/db/info", 400},
	} {
		if got, body := ask(c.who, http.MethodGet, c.path); got != c.want {
			t.Errorf("%+v %s: %d, want %d: %s", c.who, c.path, got, c.want, body)
		}
	}
}

func TestNodeNameBelongsToWhoHadItFirst(t *testing.T) {
	client := fake.NewClientset()
	ask := supervised(t, client)
	first := caller{user: "node", password: "for-agents", node: "n2", nodePassword: "one"}
	other := caller{user: "node", password: "for-agents", node: "N2", nodePassword: "two"}
	const path = "/v1-k3s/client-kubelet.crt"
	status, body := ask(first, http.MethodPost, path)
	if status != 200 {
		t.Fatalf("first: %d %s", status, body)
	}
	block, _ := pem.Decode(body)
	if block == nil {
		t.Fatalf("no certificate: %s", body)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || cert.Subject.CommonName != "system:node:n2" || cert.Subject.Organization[0] != "system:nodes" {
		t.Errorf("subject %v %v", cert.Subject, err)
	}
	secret, err := client.CoreV1().Secrets("kube-system").Get(t.Context(), "n2.node-password.k3s", metav1.GetOptions{})
	if err != nil || bytes.Contains(secret.Data["hash"], []byte("one")) || secret.Type != PasswordSecretType {
		t.Errorf("secret %v %v", secret, err)
	}
	if status, _ := ask(other, http.MethodPost, path); status != http.StatusForbidden {
		t.Errorf("another machine with this name: %d", status)
	}
	if status, _ := ask(first, http.MethodPost, path); status != 200 {
		t.Errorf("the same machine again: %d", status)
	}
	for _, bad := range []caller{{user: "node", password: "for-agents", node: "../x", nodePassword: "p"}, {user: "node", password: "for-agents", node: "n9"}} {
		if status, _ := ask(bad, http.MethodPost, path); status != http.StatusBadRequest {
			t.Errorf("%+v: %d", bad, status)
		}
	}
}

// A node that joined once is known by its certificate, whatever its token, until its Node is deleted.
func TestCertificateInsteadOfAToken(t *testing.T) {
	client := fake.NewClientset(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "n2"}})
	ask := supervised(t, client)
	const path = "/v1-k3s/client-kubelet.crt"
	n2 := caller{user: "node", password: "for-agents", node: "n2", nodePassword: "one"}
	_, body := ask(n2, http.MethodPost, path)
	block, _ := pem.Decode(body)
	if block == nil {
		t.Fatalf("no certificate: %s", body)
	}
	certified := n2
	certified.password, certified.certificate = "rotated", []tls.Certificate{{Certificate: [][]byte{block.Bytes}, PrivateKey: requesterKey}}
	other := certified
	other.node = "n3"
	both := certified
	both.password = "for-agents"
	for _, c := range []struct {
		who     caller
		path    string
		deleted bool
		want    int
	}{
		{certified, "/v1-k3s/config", false, 200},
		{certified, path, false, 200},
		{other, path, false, 400},
		{certified, "/v1-k3s/server-bootstrap", false, 403},
		{certified, path, true, 401},
		{both, path, true, 200},
	} {
		if c.deleted {
			_ = client.CoreV1().Nodes().Delete(t.Context(), "n2", metav1.DeleteOptions{})
		}
		method := http.MethodGet
		if c.path == path {
			method = http.MethodPost
		}
		if got, body := ask(c.who, method, c.path); got != c.want {
			t.Errorf("%s %+v: %d, want %d: %s", c.path, c.who, got, c.want, body)
		}
	}
}

func TestNodesWaitUntilTheAPIIsReady(t *testing.T) {
	ask := supervised(t, nil)
	c := caller{user: "node", password: "for-agents", node: "n2", nodePassword: "one"}
	if status, _ := ask(c, http.MethodPost, "/v1-k3s/serving-kubelet.crt"); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}

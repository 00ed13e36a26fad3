package agent

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"k3s-tool.lab/k3s/internal/settings"
)

// The words are those of k3s-io/k3s pkg/server/auth/auth.go, as its agent prints them.
func TestWrongTokenIsTriedForEver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int32
	var server *httptest.Server
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cacerts" {
			_ = pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Message: "not authorized"})
		if asked.Add(1) == 3 {
			cancel()
		}
	}))
	defer server.Close()
	node := settings.Node{Token: "wrong", ServerURL: server.URL}
	_, _, err := tryJoin(ctx, node, server.URL)
	if err == nil || err.Error() != "failed to retrieve configuration from server: not authorized" {
		t.Errorf("%v", err)
	}
	if _, _, err := join(ctx, node, server.URL); !errors.Is(err, context.Canceled) {
		t.Errorf("it gave up: %v", err)
	}
	if asked.Load() != 3 {
		t.Errorf("asked %d times", asked.Load())
	}
}

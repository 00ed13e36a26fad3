// Package agent runs a node: containerd, kubelet, kube-proxy and flannel, after the supervisor of a server has let it in.
package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"k3s-tool.lab/k3s/internal/jointoken"
	"k3s-tool.lab/k3s/internal/logging"
)

const requestTimeout = 10 * time.Second

// ErrNodePassword is the refusal of a node whose name is taken; the words are k3s's (k3s-io/k3s pkg/agent/config/config.go).
var ErrNodePassword = errors.New("Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag") //nolint:staticcheck // quoted

// Client talks to the supervisor of a server.
type Client struct {
	base      string
	token     jointoken.Token
	user      string
	http      *http.Client
	certified bool // shows a client certificate
	CACerts   []byte
}

// Connect fetches the cluster's CA without trust, compares it with the token's hash, and from then on trusts that CA alone. A
// certificate that the node has from an earlier start is shown, too; then a wrong token does not matter.
func Connect(ctx context.Context, server, tokenText, user string, certificates ...tls.Certificate) (*Client, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("Invalid server url, failed to parse: %s", server) //nolint:staticcheck // k3s's words
	}
	if u.Scheme != "https" {
		return nil, fmt.Errorf("only https:// URLs are supported, invalid scheme: %s", server)
	}
	token, err := jointoken.Parse(tokenText)
	if err != nil {
		return nil, err
	}
	c := &Client{base: strings.TrimRight(server, "/"), user: user}
	c.http = newHTTPClient(&tls.Config{InsecureSkipVerify: true}) // only for the CA, which is checked against the token below
	if c.CACerts, err = c.do(ctx, http.MethodGet, "/cacerts", nil, nil); err != nil {
		return nil, fmt.Errorf("failed to get CA certs: %w", err)
	}
	if err := token.Check(c.CACerts); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(c.CACerts) {
		return nil, errors.New("CA cert validation failed: no certificate found")
	}
	c.http, c.certified = newHTTPClient(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, Certificates: certificates}), len(certificates) > 0
	if _, err := c.do(ctx, http.MethodGet, "/cacerts", nil, nil); err != nil {
		return nil, fmt.Errorf("CA cert validation failed: %w", err)
	}
	c.token = token
	return c, nil
}

func newHTTPClient(config *tls.Config) *http.Client {
	return &http.Client{Timeout: requestTimeout, Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
}

// Patient lets each request take longer than usual.
func (c *Client) Patient(limit time.Duration) { c.http.Timeout = limit }

// Get reads a path of the supervisor.
func (c *Client) Get(ctx context.Context, path string) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path, nil, nil)
}

// Post sends a body to a path of the supervisor.
func (c *Client) Post(ctx context.Context, path string, body []byte, headers map[string]string) ([]byte, error) {
	return c.do(ctx, http.MethodPost, path, body, headers)
}

func (c *Client) do(ctx context.Context, method, path string, body []byte, headers map[string]string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	switch {
	case c.token.Bootstrap != "":
		request.Header.Set("Authorization", "Bearer "+c.token.Bootstrap)
	case c.token.Password != "":
		request.SetBasicAuth(c.user, c.token.Password)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusUnauthorized && headers["k3s-Node-Name"] != "" && c.certified {
		logging.Infof("Node authorization rejected, retrying without client certificate authentication")
		c.http.Transport.(*http.Transport).TLSClientConfig.Certificates, c.certified = nil, false
		return c.do(ctx, method, path, body, headers)
	}
	if response.StatusCode == http.StatusForbidden && headers["k3s-Node-Name"] != "" {
		return nil, ErrNodePassword
	}
	if response.StatusCode != http.StatusOK {
		return nil, refusal(c.base+path, response, data)
	}
	return data, nil
}

// refusal is what the server said, in its words where it sent a Status (k3s-io/k3s pkg/clientaccess/token.go, readBody).
func refusal(url string, response *http.Response, body []byte) error {
	var status metav1.Status
	if err := json.Unmarshal(body, &status); err == nil && status.Kind == "Status" {
		return &apierrors.StatusError{ErrStatus: status}
	}
	return fmt.Errorf("%s: %s", url, response.Status)
}

// PutJSON sends a value to a path of the supervisor.
func (c *Client) PutJSON(ctx context.Context, path string, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, http.MethodPut, path, body, nil)
	return err
}

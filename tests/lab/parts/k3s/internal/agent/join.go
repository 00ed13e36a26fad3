package agent

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/kube"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/pki"
	"k3s-tool.lab/k3s/internal/settings"
)

const retryInterval = 2 * time.Second

// join asks the supervisor for the cluster's configuration and this node's certificates until it gets them. Neither a wrong token
// ("not authorized") nor a refused node password ends it: the real program, too, says so and tries again for ever (k3s-io/k3s
// pkg/agent/config/config.go, Get).
func join(ctx context.Context, node settings.Node, supervisorURL string) (*Client, settings.Cluster, error) {
	for {
		client, cluster, err := tryJoin(ctx, node, supervisorURL)
		if err == nil {
			return client, cluster, nil
		}
		if client == nil {
			logging.Errorf("Failed to validate connection to cluster at %s: %v", node.ServerURL, err)
		} else {
			logging.Infof("Waiting to retrieve agent configuration; server is not ready: %v", err)
		}
		select {
		case <-ctx.Done():
			return nil, cluster, ctx.Err()
		case <-time.After(retryInterval):
		}
	}
}

func tryJoin(ctx context.Context, node settings.Node, supervisorURL string) (*Client, settings.Cluster, error) {
	var cluster settings.Cluster
	client, err := Connect(ctx, supervisorURL, node.Token, "node", ownCertificates(node)...)
	if err != nil {
		return nil, cluster, err
	}
	data, err := client.Get(ctx, "/v1-k3s/config")
	if err != nil {
		return client, cluster, fmt.Errorf("failed to retrieve configuration from server: %w", err)
	}
	if err := json.Unmarshal(data, &cluster); err != nil {
		return client, cluster, err
	}
	if err := fetchCertificates(ctx, client, node); err != nil {
		return client, cluster, err
	}
	// A file that is broken does not end the real program: it says so and tries again for ever.
	_, err = readRegistries(node.Registries)
	return client, cluster, err
}

// ownCertificates is the node's certificate from an earlier start, if it has one.
func ownCertificates(node settings.Node) []tls.Certificate {
	base := filepath.Join(node.DataDir, "client-kubelet")
	certificate, err := tls.LoadX509KeyPair(base+".crt", base+".key")
	if err != nil {
		return nil
	}
	return []tls.Certificate{certificate}
}

// fetchCertificates stores the CAs and this node's certificates; the keys never leave the node.
func fetchCertificates(ctx context.Context, client *Client, node settings.Node) error {
	for _, name := range []string{"client-ca.crt", "server-ca.crt"} {
		data, err := client.Get(ctx, "/v1-k3s/"+name)
		if err != nil {
			return err
		}
		if err := files.Replace(filepath.Join(node.DataDir, name), data, 0o644); err != nil {
			return err
		}
	}
	password, err := settings.NodePassword()
	if err != nil {
		return err
	}
	headers := map[string]string{"k3s-Node-Name": node.Name, "k3s-Node-Password": password, "k3s-Node-IP": node.IP}
	for _, name := range []string{"serving-kubelet", "client-kubelet", "client-kube-proxy", "client-k3s-controller"} {
		key, err := pki.EnsureKey(filepath.Join(node.DataDir, name+".key"))
		if err != nil {
			return err
		}
		csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: node.Name}}, key)
		if err != nil {
			return err
		}
		file := filepath.Join(node.DataDir, name+".crt")
		data, err := client.Post(ctx, "/v1-k3s/"+name+".crt", csr, headers)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err) // k3s-io/k3s pkg/agent/config/config.go
		}
		if err := files.Replace(file, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// writeKubeconfig points a component at the API server with its own certificate.
func writeKubeconfig(node settings.Node, name, certificate, server string) error {
	in := func(file string) string { return filepath.Join(node.DataDir, file) }
	return kube.WriteKubeconfig(in(name+".kubeconfig"), server, in("server-ca.crt"), in(certificate+".crt"), in(certificate+".key"))
}

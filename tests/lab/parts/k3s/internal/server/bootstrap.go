package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"k3s-tool.lab/k3s/internal/agent"
	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

// bundle is what a joining server needs to be one of the same cluster: files below server/tls, and its settings.
type bundle struct {
	Files   map[string][]byte `json:"files"`
	Cluster settings.Cluster  `json:"cluster"`
}

func bootstrapNames() []string {
	names := []string{"service.key"}
	for _, authority := range authorityFiles {
		names = append(names, authority+".crt", authority+".key")
	}
	return names
}

func bootstrapData(s settings.Server) ([]byte, error) {
	b := bundle{Files: map[string][]byte{}, Cluster: s.Cluster}
	for _, name := range bootstrapNames() {
		data, err := os.ReadFile(s.TLS(name))
		if err != nil {
			return nil, err
		}
		b.Files[name] = data
	}
	return json.Marshal(b)
}

// fetchBootstrap gets the cluster's keys from another server, until it answers. Settings that must be the same everywhere are compared.
func fetchBootstrap(ctx context.Context, s settings.Server) (*agent.Client, error) {
	for {
		client, data, err := tryBootstrap(ctx, s)
		if err == nil {
			return client, storeBootstrap(s, data)
		}
		if s.EtcdInitialized() && files.Exists(s.TLS("server-ca.key")) {
			return nil, nil // this server has been a member: it needs no other to start
		}
		logging.Errorf("Failed to get bootstrap data from %s: %v", s.JoinURL, err)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
}

func tryBootstrap(ctx context.Context, s settings.Server) (*agent.Client, []byte, error) {
	client, err := agent.Connect(ctx, s.JoinURL, s.Token, "server")
	if err != nil {
		return nil, nil, err
	}
	data, err := client.Get(ctx, "/v1-k3s/server-bootstrap")
	return client, data, err
}

func storeBootstrap(s settings.Server, data []byte) error {
	var b bundle
	if err := json.Unmarshal(data, &b); err != nil {
		return err
	}
	mine, theirs := s.Cluster, b.Cluster
	mine.HTTPSPort, theirs.HTTPSPort = 0, 0
	if mine != theirs {
		return fmt.Errorf("failed to validate server configuration: critical configuration value mismatch: %+v here, %+v there", mine, theirs)
	}
	for _, name := range bootstrapNames() {
		content := b.Files[name]
		if len(content) == 0 {
			return fmt.Errorf("bootstrap data has no %s", name)
		}
		if err := files.Replace(s.TLS(name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// apiServers lists the servers' addresses from the endpoints of the Service "kubernetes".
func apiServers(ctx context.Context, client *kubernetes.Clientset) ([]string, error) {
	if client == nil {
		return nil, errors.New("apiserver not ready")
	}
	slices, err := client.DiscoveryV1().EndpointSlices("default").List(ctx, metav1.ListOptions{LabelSelector: "kubernetes.io/service-name=kubernetes"})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, slice := range slices.Items {
		for _, port := range slice.Ports {
			for _, endpoint := range slice.Endpoints {
				for _, address := range endpoint.Addresses {
					if port.Port != nil {
						out = append(out, net.JoinHostPort(address, fmt.Sprint(*port.Port)))
					}
				}
			}
		}
	}
	return out, nil
}

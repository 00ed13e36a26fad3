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

	clientv3 "go.etcd.io/etcd/client/v3"

	"k3s-tool.lab/k3s/internal/agent"
	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

// bundle is what a joining server needs to be one of the same cluster: files that all servers share, by their names seen from server/tls, and its
// settings.
type bundle struct {
	Files   map[string]storedFile `json:"files"`
	Cluster settings.Cluster      `json:"cluster"`
}

func bootstrapNames(s settings.Server) []string {
	names := []string{"service.key"}
	for _, authority := range authorityFiles {
		names = append(names, authority+".crt", authority+".key")
	}
	if s.EncryptSecrets {
		names = append(names, "../cred/encryption-config.json", "../cred/encryption-state.json")
	}
	return names
}

// bootstrapData is what the datastore has, as the token of who asks lets it be read; else what is on disk (k3s-io/k3s pkg/cluster/bootstrap.go,
// serveBootstrap).
func bootstrapData(ctx context.Context, client *clientv3.Client, s settings.Server, password string) ([]byte, error) {
	shared, err := loadBootstrap(ctx, client, password)
	if err != nil || shared == nil {
		if shared, err = sharedFiles(s); err != nil {
			return nil, err
		}
	}
	return json.Marshal(bundle{Files: shared, Cluster: s.Cluster})
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
	for _, name := range bootstrapNames(s) {
		file := b.Files[name]
		if len(file.Content) == 0 {
			return fmt.Errorf("bootstrap data has no %s", name)
		}
		if err := errors.Join(files.Replace(s.TLS(name), file.Content, 0o600), os.Chtimes(s.TLS(name), file.Timestamp, file.Timestamp)); err != nil {
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

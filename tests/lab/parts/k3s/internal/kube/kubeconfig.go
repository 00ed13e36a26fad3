package kube

import (
	"fmt"

	"k3s-tool.lab/k3s/internal/files"
)

// WriteKubeconfig points a component at the API server with its own certificate, in the words of k3s-io/k3s
// pkg/daemons/control/deps/deps.go.
func WriteKubeconfig(path, server, ca, certificate, key string) error {
	text := fmt.Sprintf(`apiVersion: v1
clusters:
- cluster:
    server: %s
    certificate-authority: %s
  name: local
contexts:
- context:
    cluster: local
    namespace: default
    user: user
  name: Default
current-context: Default
kind: Config
preferences: {}
users:
- name: user
  user:
    client-certificate: %s
    client-key: %s
`, server, ca, certificate, key)
	return files.Replace(path, []byte(text), 0o600)
}

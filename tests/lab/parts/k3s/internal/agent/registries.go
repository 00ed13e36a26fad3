package agent

import (
	"os"

	"go.yaml.in/yaml/v3"

	"k3s-tool.lab/k3s/internal/logging"
)

// registries is what the real program reads of registries.yaml (rancher/wharfie pkg/registries/types.go); keys that it does not know are
// passed over.
type registries struct {
	Mirrors map[string]struct {
		Endpoints []string          `yaml:"endpoint"`
		Rewrites  map[string]string `yaml:"rewrite"`
	} `yaml:"mirrors"`
	Configs map[string]struct {
		Auth *struct {
			Username      string `yaml:"username"`
			Password      string `yaml:"password"`
			Auth          string `yaml:"auth"`
			IdentityToken string `yaml:"identity_token"`
		} `yaml:"auth"`
		TLS *struct {
			CAFile             string `yaml:"ca_file"`
			CertFile           string `yaml:"cert_file"`
			KeyFile            string `yaml:"key_file"`
			InsecureSkipVerify bool   `yaml:"insecure_skip_verify"`
		} `yaml:"tls"`
	} `yaml:"configs"`
}

// readRegistries reads the file as the real program does before it starts containerd (k3s pkg/agent/config/config.go). Nothing is pulled
// here: what is read goes into containerd's configuration.
func readRegistries(path string) (registries, error) {
	var found registries
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return found, nil
	}
	if err != nil {
		return found, err
	}
	logging.Infof("Using private registry config file at %s", path)
	return found, yaml.Unmarshal(data, &found)
}

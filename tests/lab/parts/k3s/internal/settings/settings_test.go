package settings

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k3s-tool.lab/k3s/internal/flags"
)

// parse reads options as a server or agent with this configuration file would.
func parse(t *testing.T, command, config string) (*flags.Values, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return flags.Parse(command, []string{"--config", path})
}

func TestServer(t *testing.T) {
	v, err := parse(t, "server", "node-ip: 100.64.0.1\nnode-name: N1\nservice-cidr: 10.99.0.0/16\ntls-san: [\"a,b\", c]\nwrite-kubeconfig-mode: \"0640\"\ntoken: x\n")
	if err != nil {
		t.Fatal(err)
	}
	node, err := NodeFrom(v)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ServerFrom(v, node)
	if err != nil {
		t.Fatal(err)
	}
	if node.Name != "n1" || s.AdvertiseAddress != "100.64.0.1" || s.ClusterDNS != "10.99.0.10" || s.APIServiceIP() != "10.99.0.1" {
		t.Errorf("%+v %+v", node, s)
	}
	if s.KubeconfigMode != 0o640 || strings.Join(s.TLSSANs, " ") != "a b c" || s.Token != "x" {
		t.Errorf("%+v", s)
	}
}

func TestRefusedSettings(t *testing.T) {
	const base = "node-ip: 100.64.0.1\nnode-name: n1\n"
	for _, c := range []struct{ command, config, words string }{
		{"server", base + "disable: [coredsn]\n", "unknown packaged component"},
		{"server", base + "write-kubeconfig-mode: \"9\"\n", "write-kubeconfig-mode"},
		{"server", base + "flannel-backend: wireguard-native\n", "flannel-backend"},
		{"server", base + "server: https://100.64.0.2:6443\n", "--token is required"},
		{"server", base + "cluster-reset-restore-path: /snapshot\n", "--cluster-reset required"},
		{"agent", base + "token: x\n", "--server is required"},
		{"agent", base + "server: https://100.64.0.1:6443\n", "--token is required"},
		{"agent", "node-name: n1\nnode-ip: 100.64.0\nserver: https://a\ntoken: x\n", "invalid node-ip"},
		{"agent", "node-name: n1\nnode-ip: \"fd7a::1\"\nserver: https://a\ntoken: x\n", "IPv4"},
		{"server", base + "token-file: /nonexistent/token\n", "no such file"},
	} {
		v, err := parse(t, c.command, c.config)
		if err == nil {
			var node Node
			if node, err = NodeFrom(v); err == nil && c.command == "server" {
				_, err = ServerFrom(v, node)
			}
		}
		if err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%q: %v, want %q", c.config, err, c.words)
		}
	}
}

func TestUnsupportedOptionsExist(t *testing.T) {
	known := map[string]bool{}
	for _, f := range flags.Table {
		known[f.Name] = true
	}
	for _, name := range unsupported {
		if !known[name] {
			t.Errorf("%s is no option", name)
		}
	}
	v, err := parse(t, "server", "etcd-s3: true\nnode-ip: 1.2.3.4\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := Unsupported(v); len(got) != 1 || got[0] != "etcd-s3" {
		t.Errorf("%q", got)
	}
}

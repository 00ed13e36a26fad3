package agent

import (
	"os"
	"path/filepath"
	"strings"

	"k3s-tool.lab/k3s/internal/logging"
)

// setSysctls switches on what pod traffic needs; a host that forbids it is only warned about, as k3s does.
func setSysctls() {
	for name, value := range map[string]string{
		"net/ipv4/ip_forward":                "1",
		"net/ipv4/conf/all/forwarding":       "1",
		"net/ipv4/conf/default/forwarding":   "1",
		"net/bridge/bridge-nf-call-iptables": "1",
	} {
		path := filepath.Join("/proc/sys", name)
		if now, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(now)) == value {
			continue
		}
		if err := os.WriteFile(path, []byte(value), 0o644); err != nil {
			logging.Warnf("Failed to set sysctl %s to %s: %v", strings.ReplaceAll(name, "/", "."), value, err)
		}
	}
}

package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k3s-tool.lab/k3s/internal/files"
)

func TestRotationTakesCertificatesAndLeavesAuthorities(t *testing.T) {
	stay := []string{"server/tls/server-ca.crt", "server/tls/server-ca.key", "server/tls/client-ca.nochain.crt", "server/tls/etcd/peer-ca.crt", "server/tls/service.key", "agent/server-ca.crt"}
	leave := []string{"server/tls/client-admin.crt", "server/tls/client-admin.key", "server/tls/etcd/client.crt", "server/tls/etcd/client.key", "agent/client-kubelet.crt", "agent/client-kubelet.key"}
	for _, server := range []bool{true, false} {
		dir := t.TempDir()
		there := func(name string) bool { return server || strings.HasPrefix(name, "agent") }
		for _, name := range slices.Concat(stay, leave) {
			path := filepath.Join(dir, name)
			if there(name) {
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(name), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := rotateCertificates(dir); err != nil {
			t.Fatal(err)
		}
		for _, name := range stay {
			if there(name) && !files.Exists(filepath.Join(dir, name)) {
				t.Errorf("%s is gone", name)
			}
		}
		for _, name := range leave {
			if files.Exists(filepath.Join(dir, name)) {
				t.Errorf("%s is still there", name)
			}
		}
		copies, _ := filepath.Glob(filepath.Join(dir, "*", "tls-*", "client-kubelet.key"))
		if want := filepath.Join(dir, map[bool]string{true: "server", false: "agent"}[server]); len(copies) != 1 || filepath.Dir(filepath.Dir(copies[0])) != want {
			t.Errorf("copies: %v", copies)
		}
		if files.Exists(filepath.Join(dir, "server/tls/dynamic-cert-regenerate")) != server {
			t.Error("the listener's certificate is to be made again by a server alone")
		}
	}
}

package server

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/kube"
	"k3s-tool.lab/k3s/internal/settings"
)

// localURL is the API server as programs on this host reach it.
func localURL(s settings.Server) string {
	host := "127.0.0.1"
	if s.BindAddress != "" && s.BindAddress != "0.0.0.0" {
		host = s.BindAddress
	}
	return fmt.Sprintf("https://%s:%d", host, s.HTTPSPort)
}

// writeComponentKubeconfigs writes server/cred/*.kubeconfig, which point at the keys.
func writeComponentKubeconfigs(s settings.Server) error {
	for name, certificate := range map[string]string{"controller": "client-controller", "scheduler": "client-scheduler", "supervisor": "client-supervisor"} {
		if err := kube.WriteKubeconfig(credential(s, name), localURL(s), s.TLS("server-ca.crt"), s.TLS(certificate+".crt"), s.TLS(certificate+".key")); err != nil {
			return err
		}
	}
	return nil
}

func credential(s settings.Server, name string) string {
	return filepath.Join(s.DataDir, "cred", name+".kubeconfig")
}

// writeAdminKubeconfig writes the file that people use; it holds the administrator's key.
func writeAdminKubeconfig(s settings.Server) error {
	encoded := map[string]string{}
	for _, file := range []string{"server-ca.crt", "client-admin.crt", "client-admin.key"} {
		data, err := os.ReadFile(s.TLS(file))
		if err != nil {
			return err
		}
		encoded[file] = base64.StdEncoding.EncodeToString(data)
	}
	text := fmt.Sprintf(`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %[2]s
    server: %[3]s
  name: %[1]s
contexts:
- context:
    cluster: %[1]s
    user: %[1]s
  name: %[1]s
current-context: %[1]s
kind: Config
preferences: {}
users:
- name: %[1]s
  user:
    client-certificate-data: %[4]s
    client-key-data: %[5]s
`, s.KubeconfigName, encoded["server-ca.crt"], localURL(s), encoded["client-admin.crt"], encoded["client-admin.key"])
	if err := linkKubeconfig(s.KubeconfigPath, settings.DefaultKubeconfig); err != nil {
		return err
	}
	if err := files.Replace(s.KubeconfigPath, []byte(text), s.KubeconfigMode); err != nil {
		return err
	}
	if s.KubeconfigGroup == "" {
		return nil
	}
	gid, err := strconv.Atoi(s.KubeconfigGroup)
	if err != nil {
		group, err := user.LookupGroup(s.KubeconfigGroup)
		if err != nil {
			return err
		}
		if gid, err = strconv.Atoi(group.Gid); err != nil {
			return err
		}
	}
	return os.Chown(s.KubeconfigPath, 0, gid)
}

// linkKubeconfig makes the usual path a link to a kubeconfig that is elsewhere, and no link where it is not (k3s-io/k3s
// pkg/server/server.go, writeKubeConfig).
func linkKubeconfig(path, usual string) error {
	if now, err := os.Lstat(usual); err == nil && (path != usual || now.Mode()&os.ModeSymlink != 0) {
		if err := os.Remove(usual); err != nil {
			return err
		}
	}
	if path == usual {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(usual), 0o755); err != nil {
		return err
	}
	return os.Symlink(path, usual)
}

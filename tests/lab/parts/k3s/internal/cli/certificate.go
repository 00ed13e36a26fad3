package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/logging"
)

// Certificate runs `k3s certificate rotate` (k3s-io/k3s pkg/cli/cert/cert.go): it copies server/tls, and what an agent has, to a directory
// named by the time, and removes the certificates that are not authorities, with their keys. The next start makes new ones.
func Certificate(args []string) error {
	logging.Setup(false)
	if len(args) == 0 || args[0] != "rotate" {
		return errors.New("k3s certificate: this stand-in has rotate alone")
	}
	set := flag.NewFlagSet("k3s certificate rotate", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	dataDir := set.String("data-dir", "/var/lib/rancher/k3s", "")
	if err := set.Parse(args[1:]); err != nil {
		return err
	}
	return rotateCertificates(*dataDir)
}

func rotateCertificates(dataDir string) error {
	server, agent := filepath.Join(dataDir, "server"), filepath.Join(dataDir, "agent")
	backup := filepath.Join(agent, fmt.Sprintf("tls-%d", time.Now().Unix()))
	ofServer, err := leaves(filepath.Join(server, "tls"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		logging.Infof("Agent detected, rotating agent certificates")
	case err != nil:
		return err
	default:
		logging.Infof("Server detected, rotating agent and server certificates")
		backup = filepath.Join(server, filepath.Base(backup))
		if err := os.CopyFS(backup, os.DirFS(filepath.Join(server, "tls"))); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(server, "tls", "dynamic-cert-regenerate"), nil, 0o600); err != nil {
			return err
		}
	}
	ofAgent, err := leaves(agent)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(backup, 0o700); err != nil {
		return err
	}
	for _, path := range ofAgent {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(backup, filepath.Base(path)), data, 0o600); err != nil {
			return err
		}
	}
	for _, path := range append(ofServer, ofAgent...) {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	logging.Infof("Successfully backed up certificates to %s, please restart k3s server or agent to rotate certificates", backup)
	return nil
}

// leaves are the certificates in a directory, and in its directory etcd, that are no authorities, with their keys. The key of service accounts
// stays (k3s-io/k3s pkg/util/services/services.go).
func leaves(directory string) ([]string, error) {
	if _, err := os.Stat(directory); err != nil {
		return nil, err
	}
	var found []string
	for _, pattern := range []string{"*.crt", "etcd/*.crt"} {
		paths, err := filepath.Glob(filepath.Join(directory, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			base := strings.TrimSuffix(path, ".crt")
			if strings.HasSuffix(strings.TrimSuffix(base, ".nochain"), "-ca") {
				continue
			}
			found = append(found, path)
			if key := base + ".key"; files.Exists(key) {
				found = append(found, key)
			}
		}
	}
	return found, nil
}

package agent

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRegistries(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registries.yaml")
	if _, err := readRegistries(path); err != nil {
		t.Errorf("without a file: %v", err)
	}
	for text, good := range map[string]bool{
		"":                true,
		"# nothing\n{}\n": true,
		"mirrors:\n  docker.io:\n    endpoint: [https://a:5000]\n    rewrite: {\"^x/(.*)\": y/$1}\n  registry.k8s.io:\nconfigs:\n  a:5000:\n    auth: {username: me, password: x}\n    tls: {insecure_skip_verify: true}\n": true,
		"mirrors: {docker.io: {endpoints: [https://a]}}\n":       true,
		"mirrors: [docker.io]\n":                                 false,
		"mirrors: {docker.io: {endpoint: {a: b}}}\n":             false,
		"configs: {a: {tls: {insecure_skip_verify: perhaps}}}\n": false,
		"configs: {a: {auth: text}}\n":                           false,
		"mirrors:\n\tdocker.io:\n":                               false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readRegistries(path); (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := os.WriteFile(path, []byte("configs: {a: {auth: {username: me, password: x}}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if found, err := readRegistries(path); err != nil || found.Configs["a"].Auth.Password != "x" {
		t.Errorf("%+v %v", found, err)
	}
}

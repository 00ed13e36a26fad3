package agent

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNvidiasRuntimeIsFoundWhereItIsAProgram(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	path := first + string(os.PathListSeparator) + second
	if found := findRuntimes(path); len(found) != 0 || runtimeSections(found) != "" {
		t.Fatalf("found %v where nothing is", found)
	}
	for file, mode := range map[string]os.FileMode{filepath.Join(first, "nvidia-container-runtime"): 0o644, filepath.Join(second, "nvidia-container-runtime"): 0o755} {
		if err := os.WriteFile(file, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	found := findRuntimes(path)
	if found["nvidia"] != filepath.Join(second, "nvidia-container-runtime") || len(found) != 1 {
		t.Fatalf("found %v", found)
	}
	want := `[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.'nvidia']`
	if text := runtimeSections(found); !strings.HasPrefix(text, want) {
		t.Errorf("%s\nhas no %s", text, want)
	}
}

func TestRegistriesThatWantALoginAreInTheConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registries.yaml")
	text := "configs:\n  b.example:5000: {auth: {username: me, password: 'a\"b'}}\n  a.example: {tls: {insecure_skip_verify: true}}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := readRegistries(path)
	if err != nil {
		t.Fatal(err)
	}
	want := `[plugins."io.containerd.grpc.v1.cri".registry.configs."b.example:5000".auth]
  username = "me"
  password = "a\"b"
`
	if text := authSections(found); text != want {
		t.Errorf("%s\nis not %s", text, want)
	}
}

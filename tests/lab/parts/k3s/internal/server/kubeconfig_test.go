package server

import (
	"os"
	"path/filepath"
	"testing"
)

func TestKubeconfigElsewhereLeavesALink(t *testing.T) {
	dir := t.TempDir()
	usual, elsewhere := filepath.Join(dir, "etc", "k3s.yaml"), filepath.Join(dir, "elsewhere.yaml")
	for _, c := range []struct{ path, link string }{{elsewhere, elsewhere}, {elsewhere, elsewhere}, {usual, ""}, {usual, ""}} {
		if err := linkKubeconfig(c.path, usual); err != nil {
			t.Fatal(err)
		}
		if target, _ := os.Readlink(usual); target != c.link {
			t.Errorf("%s: link to %q", c.path, target)
		}
		if c.path == usual {
			if err := os.WriteFile(usual, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

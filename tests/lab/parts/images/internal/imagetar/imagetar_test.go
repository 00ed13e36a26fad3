package imagetar

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func read(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(data)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTwoImagesInOneArchive(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("program "+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	images := []Image{
		{Name: "docker.io/lab/a:1", Program: filepath.Join(dir, "a")},
		{Name: "docker.io/lab/b:1", Program: filepath.Join(dir, "b"), User: "65534:65534", Env: "PORT=9898"},
	}
	var first, second bytes.Buffer
	if err := errors.Join(Write(&first, images), Write(&second, images)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same programs must give the same archive")
	}
	files := read(t, first.Bytes())
	var list []manifest
	if err := json.Unmarshal(files["manifest.json"], &list); err != nil || len(list) != 2 {
		t.Fatalf("manifest.json: %v %+v", err, list)
	}
	for i, m := range list {
		if m.RepoTags[0] != images[i].Name {
			t.Errorf("tag %q", m.RepoTags)
		}
		var config struct {
			Config struct {
				User string
				Env  []string
			}
			Rootfs struct {
				DiffIDs []string `json:"diff_ids"`
			}
		}
		if err := json.Unmarshal(files[m.Config], &config); err != nil {
			t.Fatal(err)
		}
		if config.Config.User != images[i].User {
			t.Errorf("user %q", config.Config.User)
		}
		if strings.Join(config.Config.Env, " ") != images[i].Env {
			t.Errorf("environment %q", config.Config.Env)
		}
		layer := files[m.Layers[0]]
		if config.Rootfs.DiffIDs[0] != "sha256:"+digest(layer) {
			t.Error("the configuration names another layer")
		}
		if got := read(t, layer)[filepath.Base(images[i].Program)]; string(got) != "program "+filepath.Base(images[i].Program) {
			t.Errorf("program: %q", got)
		}
	}
}

// Package imagetar writes container images made of one static program each into one archive, in the form that `docker save` and
// `ctr images import` use.
package imagetar

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Image is a name and the program that it runs. User is UID:GID, which pods need that must not run as root; empty is root.
// Env is a variable as NAME=VALUE that the program starts with; may be empty. Directory is where the program is in the image;
// empty is its root.
type Image struct{ Name, Program, User, Env, Directory string }

type manifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// Write makes the archive. The same programs give the same bytes.
func Write(out io.Writer, images []Image) error {
	archive := tar.NewWriter(out)
	var list []manifest
	for _, image := range images {
		program, err := os.ReadFile(image.Program)
		if err != nil {
			return err
		}
		name := filepath.Join(image.Directory, filepath.Base(image.Program))
		layer, err := makeLayer(name, program)
		if err != nil {
			return err
		}
		config, err := makeConfig(name, image, layer)
		if err != nil {
			return err
		}
		m := manifest{Config: digest(config) + ".json", RepoTags: []string{image.Name}, Layers: []string{digest(layer) + "/layer.tar"}}
		if err := add(archive, m.Config, config, 0o644); err != nil {
			return err
		}
		if err := add(archive, m.Layers[0], layer, 0o644); err != nil {
			return err
		}
		list = append(list, m)
	}
	data, err := json.Marshal(list)
	if err != nil {
		return err
	}
	if err := add(archive, "manifest.json", data, 0o644); err != nil {
		return err
	}
	return archive.Close()
}

// makeLayer holds the program and a /tmp, which some programs want.
func makeLayer(name string, program []byte) ([]byte, error) {
	var out bytes.Buffer
	layer := tar.NewWriter(&out)
	if err := layer.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777, ModTime: time.Unix(0, 0)}); err != nil {
		return nil, err
	}
	if err := add(layer, name, program, 0o755); err != nil {
		return nil, err
	}
	err := layer.Close()
	return out.Bytes(), err
}

func makeConfig(name string, image Image, layer []byte) ([]byte, error) {
	run := map[string]any{"Entrypoint": []string{"/" + name}}
	if image.User != "" {
		run["User"] = image.User
	}
	if image.Env != "" {
		run["Env"] = []string{image.Env}
	}
	return json.Marshal(map[string]any{
		"architecture": "amd64", "os": "linux",
		"config": run,
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + digest(layer)}},
	})
}

func add(w *tar.Writer, name string, data []byte, mode int64) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(data)), ModTime: time.Unix(0, 0)}); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

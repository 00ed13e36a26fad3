package agent

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

// imageCheckInterval is how long an image that the kubelet removed may be missing. k3s pins the images of its archives, which
// containerd 1.6 cannot do: there, a full disk makes the kubelet remove those that no container uses.
const imageCheckInterval = 15 * time.Second

// archive remembers what was imported from a file, and which file it was.
type archive struct {
	State string   `json:"state"`
	Names []string `json:"names"`
}

// keepImages imports agent/images/*.tar, tells when that is done, and imports again what goes missing.
func keepImages(ctx context.Context, node settings.Node, imported func()) error {
	for first := true; ; first = false {
		if err := importImages(ctx, node); err != nil && ctx.Err() == nil {
			logging.Errorf("%v", err)
		}
		if first {
			imported()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(imageCheckInterval):
		}
	}
}

// importImages loads archives that changed or whose images are not all there. The record of what was imported lies in containerd's
// own directory and goes away with it.
func importImages(ctx context.Context, node settings.Node) error {
	record := filepath.Join(node.DataDir, "containerd", "imported.json")
	known := map[string]archive{}
	if data, err := os.ReadFile(record); err == nil {
		_ = json.Unmarshal(data, &known) // a damaged record only costs another import
	}
	paths, err := filepath.Glob(filepath.Join(node.DataDir, "images", "*.tar"))
	if err != nil || len(paths) == 0 {
		return err
	}
	out, err := runCtr(ctx, "images", "ls", "-q")
	if err != nil {
		return err
	}
	present := strings.Fields(out)
	missing := func(name string) bool { return !slices.Contains(present, name) }
	for _, file := range paths {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		state := fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
		if known[file].State == state && !slices.ContainsFunc(known[file].Names, missing) {
			continue
		}
		logging.Infof("Importing images from %s", file)
		names, err := imageNames(file)
		if err != nil {
			return fmt.Errorf("import of %s: %w", file, err)
		}
		if _, err := runCtr(ctx, "images", "import", file); err != nil {
			return fmt.Errorf("import of %s: %w", file, err)
		}
		known[file] = archive{state, names}
	}
	data, err := json.Marshal(known)
	if err != nil {
		return err
	}
	return files.Replace(record, data, 0o600)
}

// imageNames reads the names in an archive's manifest.json.
func imageNames(path string) ([]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for reader := tar.NewReader(file); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("no manifest.json in it")
		}
		if err != nil {
			return nil, err
		}
		if header.Name != "manifest.json" {
			continue
		}
		var images []struct{ RepoTags []string }
		if err := json.NewDecoder(reader).Decode(&images); err != nil {
			return nil, err
		}
		var names []string
		for _, image := range images {
			names = append(names, image.RepoTags...)
		}
		return names, nil
	}
}

func runCtr(ctx context.Context, args ...string) (string, error) {
	command, err := ctr(ctx, args...)
	if err != nil {
		return "", err
	}
	var problem strings.Builder
	command.Stderr = &problem
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("ctr %s: %w: %s", args[0], err, strings.TrimSpace(problem.String()))
	}
	return string(out), nil
}

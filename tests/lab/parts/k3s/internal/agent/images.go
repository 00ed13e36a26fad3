package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

// importImages loads agent/images/*.tar into containerd. Files that did not change since they were imported into the same
// containerd are skipped: the record lies in containerd's own directory and goes away with it.
func importImages(ctx context.Context, node settings.Node) error {
	record := filepath.Join(node.DataDir, "containerd", "imported.json")
	imported := map[string]string{}
	if data, err := os.ReadFile(record); err == nil {
		_ = json.Unmarshal(data, &imported) // a damaged record only costs another import
	}
	files, err := filepath.Glob(filepath.Join(node.DataDir, "images", "*.tar"))
	if err != nil {
		return err
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return err
		}
		state := fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
		if imported[file] == state {
			continue
		}
		logging.Infof("Importing images from %s", file)
		command, err := ctr(ctx, "images", "import", file)
		if err != nil {
			return err
		}
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("import of %s: %w: %s", file, err, out)
		}
		imported[file] = state
	}
	data, err := json.Marshal(imported)
	if err != nil {
		return err
	}
	return replaceFile(record, data, 0o600)
}

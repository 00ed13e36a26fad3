package cli

import (
	"encoding/json"
	"os"
	"time"

	"k3s-tool.lab/k3s/internal/server"
)

// printSnapshotsJSON lists snapshots in the shape of the real program's ETCDSnapshotFile objects.
func printSnapshotsJSON(all []server.Snapshot) error {
	type object = map[string]any
	items := []object{}
	for _, s := range all {
		items = append(items, object{
			"metadata": object{"name": s.Name},
			"spec":     object{"snapshotName": s.Name, "nodeName": s.Node, "location": s.Location},
			"status":   object{"creationTime": s.Created.UTC().Format(time.RFC3339), "readyToUse": true, "size": s.Size},
		})
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(object{"apiVersion": "k3s.cattle.io/v1", "kind": "ETCDSnapshotFileList", "items": items})
}

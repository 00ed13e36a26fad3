package manifests

import (
	"bytes"
	"embed"
	"path"
	"path/filepath"
	"slices"
	"text/template"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/settings"
)

//go:embed packaged/*.yaml
var packaged embed.FS

// writePackaged writes the manifests of the packaged components that are not disabled.
func writePackaged(directory string, s settings.Server) error {
	entries, err := packaged.ReadDir("packaged")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		if slices.Contains(s.Disable, name[:len(name)-len(filepath.Ext(name))]) {
			continue
		}
		text, err := template.ParseFS(packaged, path.Join("packaged", name))
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := text.Execute(&out, s); err != nil {
			return err
		}
		if err := files.Replace(filepath.Join(directory, name), out.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Package files replaces files in one step, so that a kill in the middle leaves the old one or the new one.
package files

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace writes a file with exactly this mode, whatever the umask, and makes its directory. A file that has the content already
// is not written again.
func Replace(path string, data []byte, mode os.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == string(data) {
		return os.Chmod(path, mode)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := path + ".tmp"
	if err := errors.Join(os.WriteFile(temporary, data, 0o600), os.Chmod(temporary, mode)); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// Exists tells whether there is something at a path.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

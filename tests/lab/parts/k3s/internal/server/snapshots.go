package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"k3s-tool.lab/k3s/internal/settings"
)

// Snapshot is a saved copy of the datastore.
type Snapshot struct {
	Name, Node, Location string
	Size                 int64 // bytes
	Created              time.Time
}

// Snapshots are those kept on this server.
type Snapshots struct {
	store     *datastore
	directory string
	node      string
}

// OpenSnapshots refuses a server whose datastore is SQLite.
func OpenSnapshots(s settings.Server, node settings.Node) (*Snapshots, error) {
	if !s.EtcdInitialized() {
		return nil, errNotEtcd
	}
	return &Snapshots{&datastore{settings: s}, s.SnapshotDir, node.Name}, nil
}

// Save asks the running etcd for a snapshot and returns its name.
func (s *Snapshots) Save(ctx context.Context, base string) (string, error) {
	client, err := s.store.connect(localEtcd)
	if err != nil {
		return "", err
	}
	defer client.Close()
	stream, err := client.SnapshotWithVersion(ctx)
	if err != nil {
		return "", err
	}
	defer stream.Snapshot.Close()
	if err := os.MkdirAll(s.directory, 0o700); err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s-%s-%d", base, s.node, time.Now().Unix())
	path := filepath.Join(s.directory, name)
	file, err := os.OpenFile(path+".part", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, stream.Snapshot)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(path+".part"))
	}
	return name, os.Rename(path+".part", path)
}

// List returns the snapshots, oldest first.
func (s *Snapshots) List() ([]Snapshot, error) {
	entries, err := os.ReadDir(s.directory)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []Snapshot
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || filepath.Ext(entry.Name()) == ".part" {
			continue
		}
		location := "file://" + filepath.Join(s.directory, entry.Name())
		out = append(out, Snapshot{entry.Name(), s.node, location, info.Size(), info.ModTime()})
	}
	slices.SortFunc(out, func(a, b Snapshot) int { return a.Created.Compare(b.Created) })
	return out, nil
}

// Delete removes one snapshot by its name.
func (s *Snapshots) Delete(name string) error {
	if name != filepath.Base(name) {
		return fmt.Errorf("%q is not the name of a snapshot", name)
	}
	return os.Remove(filepath.Join(s.directory, name))
}

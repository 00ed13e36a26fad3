package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/etcdutl/v3/snapshot"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

// resetFlag keeps a second reset from following the first by accident; a normal start removes it.
func resetFlag(s settings.Server) string { return filepath.Join(s.DataDir, "db", "reset-flag") }

// resetCluster makes this server the only member of its cluster, with the data of a snapshot if one is given, and ends.
func resetCluster(ctx context.Context, s settings.Server, node settings.Node) error {
	if s.JoinURL != "" {
		return errors.New("cannot perform cluster-reset while server URL is set - remove server from configuration before resetting")
	}
	if token := filepath.Join(s.DataDir, "token"); s.RestorePath != "" && s.Token == "" && !files.Exists(token) {
		return errors.New(token + " does not exist, please pass --token to complete the restoration")
	}
	if s.RestorePath == "" && files.Exists(resetFlag(s)) {
		return fmt.Errorf("Managed etcd cluster membership was previously reset, please remove the cluster-reset flag and start k3s normally. "+ //nolint:staticcheck // k3s's words
			"If you need to perform another cluster reset, you must first manually delete the file at %s", resetFlag(s))
	}
	if err := ensureKeys(s, node); err != nil {
		return err
	}
	member := s
	if s.RestorePath != "" {
		if err := restore(s, node); err != nil {
			return err
		}
		member.ClusterReset = false // the restored data has one member already
	}
	store, err := newDatastore(member, node)
	if err != nil {
		return err
	}
	if !s.EtcdInitialized() {
		return errors.New("cluster-reset was successfully performed, or this server has no datastore to reset")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := store.start(ctx, ""); err != nil {
		return err
	}
	if err := files.Replace(resetFlag(s), nil, 0o600); err != nil {
		return err
	}
	store.settings = s
	if _, err := store.reconcile(ctx); err != nil {
		return err
	}
	if err := ensureKeys(s, node); err != nil {
		return err
	}
	logging.Infof("Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. " +
		"Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes")
	return nil
}

// ensureKeys makes what is missing below server/tls, or does not fit its authority.
func ensureKeys(s settings.Server, node settings.Node) error {
	ca, err := ensureAuthorities(s)
	if err != nil {
		return err
	}
	return ensureCertificates(s, node, ca)
}

// restore puts a snapshot's data in the place of the datastore, which is kept beside it.
func restore(s settings.Server, node settings.Node) error {
	info, err := os.Stat(s.RestorePath)
	if err != nil {
		return fmt.Errorf("etcd: snapshot path does not exist: %s", s.RestorePath)
	}
	if info.IsDir() {
		return fmt.Errorf("etcd: snapshot path must be a file, not a directory: %s", s.RestorePath)
	}
	old := &datastore{settings: s}
	if files.Exists(old.dir()) {
		if err := os.Rename(old.dir(), fmt.Sprintf("%s-old-%d", old.dir(), time.Now().Unix())); err != nil {
			return err
		}
	}
	fresh := filepath.Join(s.DataDir, "db", "etcd-restore")
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	store, err := newDatastore(s, node)
	if err != nil {
		return err
	}
	err = snapshot.NewV3(quietLogger()).Restore(snapshot.RestoreConfig{
		SnapshotPath: s.RestorePath, Name: store.name, OutputDataDir: fresh,
		PeerURLs: []string{store.peerURL()}, InitialCluster: store.name + "=" + store.peerURL(), InitialClusterToken: "etcd-cluster",
	})
	if err != nil {
		return fmt.Errorf("etcd: restore of %s: %w", s.RestorePath, err)
	}
	return errors.Join(os.Rename(filepath.Join(fresh, "member"), filepath.Join(store.dir(), "member")), os.RemoveAll(fresh))
}

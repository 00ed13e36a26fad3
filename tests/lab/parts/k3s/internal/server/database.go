package server

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"

	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/tokens"
)

const (
	// databaseTimeout is how long a server waits for the database before it ends (k3s-io/k3s pkg/etcd/store/store.go, NewRemoteStore).
	databaseTimeout = 5 * time.Second
	// lockPoll and lockAttempts are how long a server waits for one that is beginning the cluster (k3s-io/k3s pkg/cluster/storage.go,
	// storageBootstrap, maxBootstrapWaitAttempts).
	lockPoll     = 5 * time.Second
	lockAttempts = 5
)

// connectDatabase reaches the etcd that servers share.
func (d *datastore) connectDatabase(ctx context.Context) error {
	database := d.settings.Database
	config := clientv3.Config{Endpoints: database.Endpoints, DialTimeout: etcdDialTimeout, Logger: quietLogger()}
	if database.CA != "" || database.Certificate != "" {
		info := transport.TLSInfo{TrustedCAFile: database.CA, CertFile: database.Certificate, KeyFile: database.Key}
		var err error
		if config.TLS, err = info.ClientConfig(); err != nil {
			return err
		}
	}
	client, err := clientv3.New(config)
	if err != nil {
		return fmt.Errorf("creating storage endpoint: %w", err)
	}
	d.client = client
	context.AfterFunc(ctx, func() { _ = client.Close() })
	attempt, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	if _, err := client.Get(attempt, bootstrapPrefix, clientv3.WithPrefix()); err != nil {
		return fmt.Errorf("starting kubernetes: preparing server: failed to bootstrap cluster data: %w", err)
	}
	return nil
}

// lockBootstrap makes an empty entry for the shared files of a new cluster, or waits for the server that has made it (k3s-io/k3s
// pkg/cluster/storage.go, storageBootstrap). Without a token there is nothing to look for.
func (d *datastore) lockBootstrap(ctx context.Context) error {
	password, err := tokens.Known(d.settings)
	if err != nil || password == "" || !d.settings.SharesDatabase() {
		return err
	}
	key := bootstrapKey(password)
	for attempts := 1; ; attempts++ {
		found, err := d.client.Get(ctx, bootstrapPrefix, clientv3.WithPrefix())
		if err != nil {
			return err
		}
		if len(found.Kvs) == 0 {
			done, err := d.client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", 0)).Then(clientv3.OpPut(key, "")).Commit()
			if err != nil || done.Succeeded {
				return err
			}
			continue
		}
		kv := found.Kvs[0]
		if string(kv.Key) != key || len(kv.Value) > 0 {
			return nil
		}
		logging.Infof("Bootstrap key is locked - waiting for data to be populated by another server")
		if attempts >= lockAttempts {
			attempts = 0
			if _, err := d.client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", kv.ModRevision)).Then(clientv3.OpDelete(key)).Commit(); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// RunDatabase is an etcd alone, as its owner runs one for the servers to share; not a command of k3s.
func RunDatabase(ctx context.Context, directory, address string) error {
	config := embed.NewConfig()
	config.Dir = directory
	own := url.URL{Scheme: "http", Host: address}
	peer := urls("http://127.0.0.1:12380")
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{own}, []url.URL{own}
	config.ListenPeerUrls, config.AdvertisePeerUrls = peer, peer
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.Logger = "zap"
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(quietLogger())
	member, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer member.Close()
	select {
	case err := <-member.Err():
		return err
	case <-ctx.Done():
		return nil
	}
}

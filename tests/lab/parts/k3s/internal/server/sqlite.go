package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/k3s-io/kine/pkg/drivers"
	"github.com/k3s-io/kine/pkg/drivers/sqlite"
	kine "github.com/k3s-io/kine/pkg/server"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

func sqliteFile(s settings.Server) string { return filepath.Join(s.DataDir, "db", "state.db") }

func kineSocket(s settings.Server) string { return filepath.Join(s.DataDir, "kine.sock") }

// startSQLite has kine serve server/db/state.db to the API server as an etcd on a socket, until the context ends; the function that it
// returns waits until the file is closed then. The numbers are those of kine's own program (its pkg/app, pkg/endpoint), but the API server
// compacts (k3s-io/k3s pkg/cluster/cluster.go startStorage, pkg/etcd/etcd.go DefaultEndpointConfig).
func startSQLite(ctx context.Context, s settings.Server) (closed func(), err error) {
	if err := os.MkdirAll(filepath.Dir(sqliteFile(s)), 0o700); err != nil {
		return nil, err
	}
	var files sync.WaitGroup
	_, backend, err := sqlite.New(ctx, &files, &drivers.Config{
		DataSourceName: sqliteFile(s) + "?" + sqlite.DefaultParams,
		CompactTimeout: 5 * time.Second, CompactMinRetain: 1000, CompactBatchSize: 1000, PollBatchSize: 500,
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := backend.Start(ctx); err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	if err := os.Remove(kineSocket(s)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "unix", kineSocket(s))
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(kineSocket(s), 0o600); err != nil {
		return nil, err
	}
	server := grpc.NewServer(
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: embed.DefaultGRPCKeepAliveMinTime}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: embed.DefaultGRPCKeepAliveInterval, Timeout: embed.DefaultGRPCKeepAliveTimeout}),
		grpc.MaxRecvMsgSize(2<<20), grpc.MaxSendMsgSize(1<<31-1),
	)
	kine.New(backend, "unix", 5*time.Second, "3.6.11").Register(server)
	context.AfterFunc(ctx, server.Stop)
	go func() {
		if err := server.Serve(listener); err != nil && ctx.Err() == nil {
			logging.Fatal(fmt.Errorf("kine: %w", err))
		}
	}()
	return files.Wait, nil
}

func kineClient(s settings.Server) (*clientv3.Client, error) {
	return clientv3.New(clientv3.Config{Endpoints: []string{"unix://" + kineSocket(s)}, DialTimeout: etcdDialTimeout, Logger: quietLogger()})
}

// migrateFromSQLite moves the content of state.db to an etcd that is new (k3s-io/k3s pkg/etcd/etcd.go, migrateFromSQLite).
func (d *datastore) migrateFromSQLite(ctx context.Context) error {
	file := sqliteFile(d.settings)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	logging.Infof("Migrating content from sqlite to etcd")
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	closed, err := startSQLite(ctx, d.settings)
	if err != nil {
		return err
	}
	source, err := kineClient(d.settings)
	if err != nil {
		return err
	}
	defer source.Close()
	objects, err := source.Get(ctx, "/registry/", clientv3.WithPrefix())
	if err != nil {
		return err
	}
	for _, object := range objects.Kvs {
		if _, err := d.client.Put(ctx, string(object.Key), string(object.Value)); err != nil {
			return err
		}
	}
	cancel()
	closed()
	return os.Rename(file, file+".migrated")
}

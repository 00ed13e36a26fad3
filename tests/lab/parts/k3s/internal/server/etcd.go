package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/jointoken"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

const (
	etcdStartTimeout = 5 * time.Minute
	etcdDialTimeout  = 2 * time.Second
	localEtcd        = "https://127.0.0.1:2379"
)

// datastore is this server's etcd member, or its SQLite or a database that servers share, of which it has the settings alone.
type datastore struct {
	settings settings.Server
	address  string // of the node
	name     string
	client   *clientv3.Client
	stopped  chan struct{} // closed when this server's member has handed over and stopped; nil where there is none
}

// newDatastore names this server's member; SQLite has none.
func newDatastore(s settings.Server, node settings.Node) (*datastore, error) {
	d := &datastore{settings: s, address: node.IP}
	if !s.Etcd() {
		return d, nil
	}
	file := filepath.Join(d.dir(), "name")
	if data, err := os.ReadFile(file); err == nil {
		d.name = strings.TrimSpace(string(data))
	} else {
		d.name = node.Name + "-" + jointoken.Random(4)
		if err := os.MkdirAll(d.dir(), 0o700); err != nil {
			return nil, err
		}
		if err := files.Replace(file, []byte(d.name), 0o600); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *datastore) dir() string { return filepath.Join(d.settings.DataDir, "db", "etcd") }

func (d *datastore) peerURL() string { return fmt.Sprintf("https://%s:2380", d.address) }

// start runs the datastore: the member, or SQLite; a database runs elsewhere. initialCluster is "" for a new cluster of one, or names the members of the
// cluster this server joins.
func (d *datastore) start(ctx context.Context, initialCluster string) error {
	if d.settings.SharesDatabase() {
		return d.connectDatabase(ctx)
	}
	if !d.settings.Etcd() {
		if _, err := startSQLite(ctx, d.settings); err != nil {
			return err
		}
		client, err := kineClient(d.settings)
		if err != nil {
			return err
		}
		d.client = client
		context.AfterFunc(ctx, func() { _ = client.Close() })
		return nil
	}
	fresh := initialCluster == "" && !d.settings.EtcdInitialized() && !d.settings.ClusterReset
	config := embed.NewConfig()
	config.Name, config.Dir = d.name, d.dir()
	config.ListenPeerUrls = urls(d.peerURL())
	config.AdvertisePeerUrls = config.ListenPeerUrls
	client := fmt.Sprintf("https://%s:2379", d.address)
	config.ListenClientUrls = urls(localEtcd, client)
	config.AdvertiseClientUrls = urls(client)
	config.ClientTLSInfo = d.tlsInfo("server-client", "server-ca")
	config.PeerTLSInfo = d.tlsInfo("peer-server-client", "peer-ca")
	config.InitialCluster = d.name + "=" + d.peerURL()
	if initialCluster != "" {
		config.InitialCluster, config.ClusterState = initialCluster, embed.ClusterStateFlagExisting
	}
	config.ForceNewCluster = d.settings.ClusterReset
	config.SnapshotCount = 10_000
	config.TickMs, config.ElectionMs = 500, 5000 // as k3s: a lost leader is missed for up to 10 s
	config.InitialElectionTickAdvance = true
	config.Logger = "zap"
	config.ZapLoggerBuilder = embed.NewZapLoggerBuilder(quietLogger())
	if d.settings.ExposeEtcdMetrics {
		config.ListenMetricsUrls = urls(fmt.Sprintf("http://%s:2381", d.address))
	}
	member, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	d.stopped = make(chan struct{})
	context.AfterFunc(ctx, func() {
		member.Server.Stop() // a leader makes another member lead first
		close(d.stopped)
		member.Close()
	})
	select {
	case <-member.Server.ReadyNotify():
	case err := <-member.Err():
		return fmt.Errorf("etcd: %w", err)
	case <-time.After(etcdStartTimeout):
		return fmt.Errorf("etcd has no leader after %s: are the other servers reachable?", etcdStartTimeout)
	case <-ctx.Done():
		return ctx.Err()
	}
	go func() {
		if err, ok := <-member.Err(); ok && ctx.Err() == nil {
			logging.Fatal(fmt.Errorf("etcd: %w", err))
		}
	}()
	if d.client, err = d.connect(localEtcd); err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { _ = d.client.Close() })
	if err := d.waitForVote(ctx); err != nil {
		return err
	}
	if err := d.correctPeerURL(ctx); err != nil {
		return err
	}
	if fresh {
		return d.migrateFromSQLite(ctx)
	}
	return nil
}

// awaitStop waits until the member, whose context has ended, has stopped.
func (d *datastore) awaitStop() {
	if d.stopped != nil {
		<-d.stopped
	}
}

// waitForVote waits while this member is a learner: one that does not answer reads yet.
func (d *datastore) waitForVote(ctx context.Context) error {
	for told := false; ; {
		attempt, cancel := context.WithTimeout(ctx, etcdDialTimeout)
		status, err := d.client.Status(attempt, localEtcd)
		cancel()
		if err == nil && !status.IsLearner {
			return nil
		}
		if err == nil && !told {
			told = true
			logging.Infof("this server has not yet been promoted from learner to voting member")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// correctPeerURL follows a single member whose address changed.
func (d *datastore) correctPeerURL(ctx context.Context) error {
	members, err := d.client.MemberList(ctx)
	if err != nil {
		return err
	}
	for _, m := range members.Members {
		if m.Name == d.name && len(members.Members) == 1 && (len(m.PeerURLs) != 1 || m.PeerURLs[0] != d.peerURL()) {
			_, err := d.client.MemberUpdate(ctx, m.ID, []string{d.peerURL()})
			return err
		}
	}
	return nil
}

func (d *datastore) tlsInfo(certificate, authority string) transport.TLSInfo {
	return transport.TLSInfo{
		CertFile:       d.settings.TLS("etcd/" + certificate + ".crt"),
		KeyFile:        d.settings.TLS("etcd/" + certificate + ".key"),
		TrustedCAFile:  d.settings.TLS("etcd/" + authority + ".crt"),
		ClientCertAuth: true,
	}
}

func (d *datastore) connect(endpoints ...string) (*clientv3.Client, error) {
	config, err := d.clientTLS()
	if err != nil {
		return nil, err
	}
	return clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: etcdDialTimeout, TLS: config, Logger: quietLogger()})
}

func (d *datastore) clientTLS() (*tls.Config, error) {
	info := d.tlsInfo("client", "server-ca")
	info.ClientCertAuth = false
	return info.ClientConfig()
}

func quietLogger() *zap.Logger {
	config := zap.NewProductionConfig()
	config.Level = zap.NewAtomicLevelAt(zap.ErrorLevel)
	logger, err := config.Build()
	if err != nil {
		return zap.NewNop()
	}
	return logger
}

func urls(texts ...string) []url.URL {
	var out []url.URL
	for _, text := range texts {
		if u, err := url.Parse(text); err == nil {
			out = append(out, *u)
		}
	}
	return out
}

var errNotEtcd = errors.New("etcd datastore disabled")

package server

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
	"k3s-tool.lab/k3s/internal/tokens"
)

const (
	bootstrapPrefix = "/bootstrap/"
	// clockSkew is how much newer a file may be than the datastore's copy (k3s-io/k3s pkg/cluster/bootstrap.go, systemTimeSkew).
	clockSkew       = 3 * time.Second
	bootstrapRounds = 4096
)

var errOtherToken = errors.New("bootstrap data already found and encrypted with different token")

// storedFile is one of the files that all servers share, as the datastore keeps it (k3s-io/k3s pkg/bootstrap/bootstrap.go, File).
type storedFile struct {
	Timestamp time.Time
	Content   []byte
}

// bootstrapKey is where the datastore keeps them for who knows the token (k3s-io/k3s pkg/cluster/encrypt.go, storageKey).
func bootstrapKey(password string) string {
	sum := sha256.Sum256([]byte(password))
	return bootstrapPrefix + hex.EncodeToString(sum[:])[:12]
}

// saveBootstrap puts the shared files into the datastore, encrypted with the token, unless they are there (k3s-io/k3s pkg/cluster/storage.go, Save).
func saveBootstrap(ctx context.Context, client *clientv3.Client, s settings.Server, password string) error {
	stored, err := loadBootstrap(ctx, client, password)
	if err != nil || stored != nil {
		return err
	}
	sealed, err := sealedFiles(s, password)
	if err != nil {
		return err
	}
	// over the lock, where there is one
	return put(ctx, client, bootstrapKey(password), sealed)
}

// replaceBootstrap puts the shared files as they are now in the place of those that the datastore has, with this token or another one (k3s-io/k3s
// pkg/cluster/storage.go, RotateBootstrapToken and Save with override).
func replaceBootstrap(ctx context.Context, client *clientv3.Client, s settings.Server, password string) error {
	found, err := client.Get(ctx, bootstrapPrefix, clientv3.WithPrefix())
	if err != nil {
		return err
	}
	sealed, err := sealedFiles(s, password)
	if err != nil {
		return err
	}
	key := bootstrapKey(password)
	// the new one first: a kill in between loses nothing
	if err := put(ctx, client, key, sealed); err != nil {
		return err
	}
	for _, kv := range found.Kvs {
		if old := string(kv.Key); old != key {
			if _, err := client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(old), "=", kv.ModRevision)).Then(clientv3.OpDelete(old)).Else(clientv3.OpGet(old)).Commit(); err != nil {
				return err
			}
		}
	}
	return nil
}

// put writes a key as kine allows it: in a transaction that names its revision.
func put(ctx context.Context, client *clientv3.Client, key, value string) error {
	found, err := client.Get(ctx, key)
	if err != nil {
		return err
	}
	revision := int64(0)
	if len(found.Kvs) > 0 {
		revision = found.Kvs[0].ModRevision
	}
	txn := client.Txn(ctx).If(clientv3.Compare(clientv3.ModRevision(key), "=", revision)).Then(clientv3.OpPut(key, value))
	if revision > 0 {
		txn = txn.Else(clientv3.OpGet(key))
	}
	done, err := txn.Commit()
	if err == nil && !done.Succeeded {
		return fmt.Errorf("%s was changed meanwhile", key)
	}
	return err
}

// sharedFiles are the files that all servers share, as they are on disk.
func sharedFiles(s settings.Server) (map[string]storedFile, error) {
	shared := map[string]storedFile{}
	for _, name := range bootstrapNames(s) {
		content, err := os.ReadFile(s.TLS(name))
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(s.TLS(name))
		if err != nil {
			return nil, err
		}
		shared[name] = storedFile{info.ModTime(), content}
	}
	return shared, nil
}

func sealedFiles(s settings.Server, password string) (string, error) {
	shared, err := sharedFiles(s)
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(shared)
	if err != nil {
		return "", err
	}
	sealed, err := seal(password, plain)
	return string(sealed), err
}

// loadBootstrap reads the shared files; nil where the datastore is new.
func loadBootstrap(ctx context.Context, client *clientv3.Client, password string) (map[string]storedFile, error) {
	found, err := client.Get(ctx, bootstrapPrefix, clientv3.WithPrefix())
	if err != nil || len(found.Kvs) == 0 {
		return nil, err
	}
	for _, kv := range found.Kvs {
		if string(kv.Key) != bootstrapKey(password) {
			continue
		}
		if len(kv.Value) == 0 {
			return nil, nil // locked by a server that begins the cluster
		}
		plain, err := open(password, kv.Value)
		if err != nil {
			return nil, err
		}
		shared := map[string]storedFile{}
		return shared, json.Unmarshal(plain, &shared)
	}
	return nil, errOtherToken
}

// reconcile brings this server's files to those of its datastore.
func (d *datastore) reconcile(ctx context.Context) (bool, error) {
	password, err := tokens.Known(d.settings)
	if err != nil || password == "" {
		return false, err
	}
	stored, err := loadBootstrap(ctx, d.client, password)
	if err != nil || stored == nil {
		return false, err
	}
	return reconcileBootstrap(d.settings, stored)
}

// reconcileBootstrap compares the files of this server with the datastore's. A reset takes the datastore's, after a copy of server/tls; a start takes
// them where they are newer, and ends where a file is. It tells whether a file was written (k3s-io/k3s pkg/cluster/bootstrap.go, ReconcileBootstrapData).
func reconcileBootstrap(s settings.Server, stored map[string]storedFile) (bool, error) {
	var differ, newer []string
	for name, file := range stored {
		path := s.TLS(name)
		content, err := os.ReadFile(path)
		if err == nil && bytes.Equal(content, file.Content) {
			continue
		}
		differ = append(differ, name)
		if info, err := os.Stat(path); err == nil && info.ModTime().Sub(file.Timestamp) >= clockSkew {
			newer = append(newer, path)
		}
	}
	if s.ClusterReset {
		if err := os.CopyFS(s.TLS("")+fmt.Sprintf("-%d", time.Now().Unix()), os.DirFS(s.TLS(""))); err != nil {
			return false, err
		}
	} else if len(newer) > 0 {
		return false, fmt.Errorf("%s newer than datastore and could cause a cluster outage. Remove the file(s) from disk and restart to be recreated from datastore.", strings.Join(newer, ", ")) //nolint:staticcheck // k3s's words
	}
	if len(differ) > 0 {
		logging.Warnf("Updating bootstrap data on disk from datastore")
	}
	for _, name := range differ {
		path := s.TLS(name)
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, stored[name].Content, 0o600), os.Chtimes(path, stored[name].Timestamp, stored[name].Timestamp))
		if err != nil {
			return false, err
		}
	}
	return len(differ) > 0, nil
}

// seal encrypts as k3s does, but for its older hash (k3s-io/k3s pkg/cluster/encrypt.go).
func seal(password string, plain []byte) ([]byte, error) {
	salt := make([]byte, 8)
	_, _ = rand.Read(salt) // never fails
	gcm, err := cipherFor(password, salt)
	if err != nil {
		return nil, err
	}
	return append(salt, gcm.Seal(nil, nil, plain, nil)...), nil
}

func open(password string, sealed []byte) ([]byte, error) {
	if len(sealed) < 8 {
		return nil, errors.New("invalid cipher text")
	}
	gcm, err := cipherFor(password, sealed[:8])
	if err != nil {
		return nil, err
	}
	return gcm.Open(nil, nil, sealed[8:], nil)
}

func cipherFor(password string, salt []byte) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha256.New, password, salt, bootstrapRounds, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k3s-tool.lab/k3s/internal/settings"
)

func keys(t *testing.T, content string, modified time.Time) settings.Server {
	t.Helper()
	s := settings.Server{DataDir: t.TempDir()}
	for _, name := range bootstrapNames(s) {
		err := errors.Join(os.MkdirAll(filepath.Dir(s.TLS(name)), 0o700), os.WriteFile(s.TLS(name), []byte(content), 0o600), os.Chtimes(s.TLS(name), modified, modified))
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestDatastoreGivesItsKeysToWhoKnowsTheToken(t *testing.T) {
	s := keys(t, "key", time.Now())
	ctx, cancel := context.WithCancel(t.Context())
	closed, err := startSQLite(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	defer closed()
	defer cancel()
	client, err := kineClient(s)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if stored, err := loadBootstrap(ctx, client, "a"); stored != nil || err != nil {
		t.Fatal(stored, err)
	}
	if err := errors.Join(saveBootstrap(ctx, client, s, "a"), saveBootstrap(ctx, client, s, "a")); err != nil {
		t.Fatal(err)
	}
	if stored, err := loadBootstrap(ctx, client, "a"); err != nil || string(stored["service.key"].Content) != "key" {
		t.Fatal(stored, err)
	}
	if err := saveBootstrap(ctx, client, s, "b"); !errors.Is(err, errOtherToken) {
		t.Fatal(err)
	}
	for range 2 {
		if err := replaceBootstrap(ctx, client, s, "b"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := loadBootstrap(ctx, client, "a"); !errors.Is(err, errOtherToken) {
		t.Fatal(err)
	}
	if stored, err := loadBootstrap(ctx, client, "b"); err != nil || len(stored) != len(bootstrapNames(s)) {
		t.Fatal(stored, err)
	}
}

func TestFilesFollowTheDatastoreUnlessTheyAreNewer(t *testing.T) {
	then := time.Now().Add(-time.Hour).Truncate(time.Second)
	stored := map[string]storedFile{"service.key": {then, []byte("stored")}}
	for _, c := range []struct {
		name     string
		modified time.Time
		reset    bool
		words    string
	}{
		{"as old", then.Add(2 * time.Second), false, ""},
		{"newer", then.Add(3 * time.Second), false, "newer than datastore"},
		{"newer, in a reset", time.Now(), true, ""},
	} {
		s := keys(t, "mine", c.modified)
		s.ClusterReset = c.reset
		changed, err := reconcileBootstrap(s, stored)
		content, readErr := os.ReadFile(s.TLS("service.key"))
		if c.words != "" {
			if err == nil || !strings.Contains(err.Error(), c.words) || string(content) != "mine" {
				t.Errorf("%s: %v, %s", c.name, err, content)
			}
			continue
		}
		info, statErr := os.Stat(s.TLS("service.key"))
		if err := errors.Join(err, readErr, statErr); err != nil || !changed || string(content) != "stored" || !info.ModTime().Equal(then) {
			t.Errorf("%s: %v, %v, %s", c.name, changed, err, content)
		}
		if copies, _ := filepath.Glob(s.TLS("") + "-*"); (len(copies) == 1) != c.reset {
			t.Errorf("%s: %v", c.name, copies)
		}
	}
	if changed, err := reconcileBootstrap(keys(t, "stored", time.Now()), stored); changed || err != nil {
		t.Error(changed, err)
	}
}

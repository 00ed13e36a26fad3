package child

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEndsWithItsContext(t *testing.T) {
	log := filepath.Join(t.TempDir(), "logs", "child.log")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, Spec{Name: "sh", Path: "/bin/sh", Args: []string{"-c", "echo started; exec sleep 60"}, LogFile: log})
	}()
	for {
		if data, err := os.ReadFile(log); err == nil && strings.Contains(string(data), "started") {
			break
		}
		select {
		case err := <-done:
			t.Fatal(err)
		default:
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func TestThatAProcessEndsIsAnError(t *testing.T) {
	for _, script := range []string{"exit 0", "exit 3"} {
		err := Run(context.Background(), Spec{Name: "part", Path: "/bin/sh", Args: []string{"-c", script}})
		if err == nil || !strings.HasPrefix(err.Error(), "part exited") {
			t.Errorf("%s: %v", script, err)
		}
	}
}

func TestHostProgramIsNotThisProgramUnderAnotherName(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := t.TempDir(), t.TempDir()
	if err := os.Symlink(self, filepath.Join(ours, "ctr")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", ours+":"+theirs)
	if path, err := HostProgram("ctr"); err == nil {
		t.Errorf("found %s", path)
	}
	want := filepath.Join(theirs, "ctr")
	if err := os.WriteFile(want, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if path, err := HostProgram("ctr"); err != nil || path != want {
		t.Errorf("found %q %v", path, err)
	}
}

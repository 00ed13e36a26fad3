package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
)

// endTimeout is how long parts may take to end after the first has failed or the program was told to stop.
const endTimeout = 3 * time.Second

// WaitFor waits for all parts of a group, but not for ever once they should end: what hangs then ends with the program.
func WaitFor(ctx context.Context, group *errgroup.Group) error {
	done := make(chan error, 1)
	go func() { done <- group.Wait() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(endTimeout):
		return context.Cause(ctx)
	}
}

// HostProgram finds a program of the host that is not this one under another name, as /usr/local/bin/ctr may be.
func HostProgram(name string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	for _, directory := range filepath.SplitList(os.Getenv("PATH")) {
		path, err := exec.LookPath(filepath.Join(directory, name))
		if err != nil || errors.Is(err, exec.ErrDot) {
			continue
		}
		if real, err := filepath.EvalSymlinks(path); err == nil && real != self {
			return path, nil
		}
	}
	return "", fmt.Errorf("the host has no %s", name)
}

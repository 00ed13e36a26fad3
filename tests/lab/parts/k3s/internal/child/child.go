// Package child runs the parts of Kubernetes that live in processes of their own, and containerd, so that none outlives its parent.
package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

const stopTimeout = 10 * time.Second

// Spec is a process to run.
type Spec struct {
	Name string
	Path string // "" for this program's own file, whose hidden verb is Args[0]
	Args []string
	Env  []string // added to this process's environment

	LogFile string // where its output goes instead of this program's standard error
}

// Run starts the process and waits for it. The kernel kills the process when this program dies. When the context ends the process
// is asked to end and then killed. That a process ends by itself is an error, whatever its status: these parts run for ever.
func Run(ctx context.Context, spec Spec) error {
	done := make(chan error, 1)
	go func() {
		// the kernel sends the parent-death signal when the thread that started the process ends: keep this one
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		done <- run(ctx, spec)
	}()
	return <-done
}

func run(ctx context.Context, spec Spec) error {
	path := spec.Path
	if path == "" {
		path = "/proc/self/exe"
	}
	cmd := exec.CommandContext(ctx, path, spec.Args...)
	if spec.Path == "" {
		cmd.Args[0] = os.Args[0]
	}
	cmd.Env = append(os.Environ(), spec.Env...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if spec.LogFile != "" {
		log, err := openLog(spec.LogFile)
		if err != nil {
			return err
		}
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		err = errors.New("ended by itself")
	}
	return fmt.Errorf("%s exited: %w", spec.Name, err)
}

func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

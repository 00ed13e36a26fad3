package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"k3s-tool.lab/k3s/internal/logging"
)

// readyDelayFile is where the lab says by how many seconds a node's start takes longer until systemd hears READY.
const readyDelayFile = "/etc/lab/ready-delay"

// delayReady waits as long as the lab says. The real agent sends READY only after a report of its kubelet that is newer than its
// network's start (k3s-io/k3s pkg/agent/netpol/netpol.go, pkg/agent/run.go). The kubelet's first report comes before or after that; if
// before, the next one comes five minutes later unless the node's status changes. Here the first report counts, and a test that
// wants the other case says so.
func delayReady(ctx context.Context, file string) error {
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 32)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	logging.Debugf("Waiting for Ready condition to be updated for network policy controller")
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(seconds) * time.Second):
		return nil
	}
}

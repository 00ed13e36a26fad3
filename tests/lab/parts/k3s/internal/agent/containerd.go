package agent

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k3s-tool.lab/k3s/internal/child"
	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/settings"
)

const (
	// ContainerdSocket is where k3s's containerd listens.
	ContainerdSocket = "/run/k3s/containerd/containerd.sock"
	containerdState  = "/run/k3s/containerd"
	cniPlugins       = "/usr/lib/cni" // Debian's containernetworking-plugins
	containerdWait   = 60 * time.Second
)

// containerdConfig is for the version 2 format, which containerd 1.6 and 1.7 read. There is no CAP_SYS_RESOURCE in a lab host, so
// the OOM score of containers must not be lowered: restrict_oom_score_adj.
const containerdConfig = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "10010"
  enable_selinux = false
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = %q
  conf_dir = %q
[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = %q
  disable_snapshot_annotations = true
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = %t
`

// underSystemd tells whether systemd started k3s: then containerd and the kubelet have systemd make their cgroups.
func underSystemd() bool {
	return os.Getenv("INVOCATION_ID") != ""
}

// runContainerd starts the host's containerd with a configuration of its own; containers of an earlier run are taken over.
func runContainerd(ctx context.Context, node settings.Node) error {
	config := filepath.Join(node.DataDir, "etc", "containerd", "config.toml")
	text := fmt.Sprintf(containerdConfig, node.PauseImage, cniPlugins, cniConfigDir(node), node.Snapshotter, underSystemd())
	if err := files.Replace(config, []byte(text), 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(containerdState, 0o711); err != nil {
		return err
	}
	root := filepath.Join(node.DataDir, "containerd")
	path, err := child.HostProgram("containerd")
	if err != nil {
		return err
	}
	return child.Run(ctx, child.Spec{
		Name:    "containerd",
		Path:    path,
		Args:    []string{"-c", config, "-a", ContainerdSocket, "--state", containerdState, "--root", root},
		LogFile: filepath.Join(root, "containerd.log"),
	})
}

// waitForContainerd waits until the CRI answers, not only until the socket is there.
func waitForContainerd(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, containerdWait)
	defer cancel()
	for {
		command, err := ctr(ctx, "version")
		if err != nil {
			return err
		}
		if command.Run() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("containerd did not answer on %s within %s", ContainerdSocket, containerdWait)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func ctr(ctx context.Context, args ...string) (*exec.Cmd, error) {
	path, err := child.HostProgram("ctr")
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, path, append([]string{"-a", ContainerdSocket, "-n", "k8s.io"}, args...)...), nil
}

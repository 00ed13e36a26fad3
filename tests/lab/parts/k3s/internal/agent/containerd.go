package agent

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k3s-tool.lab/k3s/internal/child"
	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/logging"
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

// toolkitPath is where k3s looks for runtimes before its own PATH (k3s pkg/agent/containerd/config_linux.go).
const toolkitPath = "/usr/local/nvidia/toolkit"

// runtimePrograms are NVIDIA's among the container runtimes that k3s looks for (k3s pkg/agent/containerd/runtimes.go).
var runtimePrograms = map[string]string{
	"nvidia":              "nvidia-container-runtime",
	"nvidia-experimental": "nvidia-container-runtime-experimental",
	"nvidia-cdi":          "nvidia-container-runtime.cdi",
}

// findRuntimes looks for them once, when the agent starts: one that is installed later is found at the next start.
func findRuntimes(path string) map[string]string {
	found := map[string]string{}
	for name, program := range runtimePrograms {
		for _, directory := range filepath.SplitList(path) {
			file := filepath.Join(directory, program)
			if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
				logging.Infof("Found %s container runtime at %s", name, file)
				found[name] = file
				break
			}
		}
	}
	return found
}

// runtimeSections is what k3s adds to containerd's configuration for each (k3s pkg/agent/templates/templates.go).
func runtimeSections(found map[string]string) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(found)) {
		// Single quotes, as in k3s pkg/agent/templates/templates.go: what reads them must take either kind.
		fmt.Fprintf(&out, "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.'%[1]s']\n  runtime_type = \"io.containerd.runc.v2\"\n"+
			"[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.'%[1]s'.options]\n  BinaryName = %[2]q\n  SystemdCgroup = %[3]t\n", name, found[name], underSystemd())
	}
	return out.String()
}

// authSections is what k3s adds for registries that want a login (k3s pkg/agent/templates/templates.go).
func authSections(found registries) string {
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(found.Configs)) {
		auth := found.Configs[name].Auth
		if auth == nil {
			continue
		}
		fmt.Fprintf(&out, "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.%q.auth]\n", name)
		for _, field := range [][2]string{
			{"username", auth.Username}, {"password", auth.Password}, {"auth", auth.Auth}, {"identitytoken", auth.IdentityToken},
		} {
			if field[1] != "" {
				fmt.Fprintf(&out, "  %s = %q\n", field[0], field[1])
			}
		}
	}
	return out.String()
}

// runContainerd starts the host's containerd with a configuration of its own; containers of an earlier run are taken over.
func runContainerd(ctx context.Context, node settings.Node) error {
	config := filepath.Join(node.DataDir, "etc", "containerd", "config.toml")
	text := fmt.Sprintf(containerdConfig, node.PauseImage, cniPlugins, cniConfigDir(node), node.Snapshotter, underSystemd()) +
		runtimeSections(findRuntimes(toolkitPath+string(os.PathListSeparator)+os.Getenv("PATH")))
	// One that cannot be read keeps the node from joining (join.go).
	if found, err := readRegistries(node.Registries); err == nil {
		text += authSections(found)
	}
	// Readable by everybody who gets to it, though it has passwords (k3s pkg/agent/util/file.go).
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

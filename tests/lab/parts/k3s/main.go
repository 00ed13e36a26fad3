// The program k3s takes the place of the real k3s on lab hosts: upstream's Kubernetes inside, k3s's command line, files and
// behaviour outside where the tool touches them. README.md says what it has and what it leaves out.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"k8s.io/component-base/version"

	"k3s-tool.lab/k3s/internal/agent"
	"k3s-tool.lab/k3s/internal/cli"
	"k3s-tool.lab/k3s/internal/flags"
	"k3s-tool.lab/k3s/internal/kube"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/server"
	"k3s-tool.lab/k3s/internal/settings"

	"github.com/coreos/go-systemd/v22/daemon"
)

// commit is stamped at build time, as the real program's is.
var commit = "00000000"

const usage = `NAME:
   k3s - Kubernetes, but small and simple (stand-in for the lab)

USAGE:
   k3s command [command options]

COMMANDS:
   server         Run management server
   agent          Run node agent
   kubectl        Run kubectl
   ctr            Run ctr
   token          Manage tokens
   etcd-snapshot  Manage etcd snapshots
   certificate    Manage K3s certificates
   secrets-encrypt  Control secrets encryption and keys rotation

OPTIONS:
   --version, -v  print the version
`

func main() {
	// Four servers share two processors and have memory to spare: collect garbage less often, in the components too.
	if os.Getenv("GOGC") == "" {
		os.Setenv("GOGC", "400")
		debug.SetGCPercent(400)
	}
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	if name == "kubectl" || name == "ctr" {
		args = append([]string{name}, args...)
	}
	if len(args) == 0 {
		args = []string{"help"}
	}
	command, rest := args[0], args[1:]
	if component, ok := strings.CutPrefix(command, "internal:"); ok {
		os.Exit(kube.Run(component, rest))
	}
	switch command {
	case "internal-database":
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		cli.Fail(server.RunDatabase(ctx, rest[0], rest[1]))
	case "server", "agent":
		logging.Setup(false)
		if err := runDaemon(command, rest); err != nil && !errors.Is(err, context.Canceled) {
			logging.Fatal(err)
		}
	case "kubectl":
		os.Exit(kube.Kubectl(rest))
	case "ctr":
		cli.Fail(cli.Ctr(rest))
	case "token":
		cli.Fail(cli.Token(rest))
	case "certificate":
		cli.Fail(cli.Certificate(rest))
	case "secrets-encrypt":
		cli.Fail(cli.Encrypt(rest))
	case "etcd-snapshot":
		cli.Fail(cli.Snapshot(rest))
	case "--version", "-v":
		fmt.Printf("k3s version %s (%s)\ngo version %s\n", version.Get().GitVersion, commit, runtime.Version())
	case "help", "--help", "-h":
		fmt.Print(usage)
	default:
		fmt.Fprintf(os.Stderr, "No help topic for '%s'\n", command)
		os.Exit(3)
	}
}

// runDaemon reads the options of `k3s server` or `k3s agent` and runs it until a signal ends it.
func runDaemon(command string, args []string) error {
	values, err := flags.Parse(command, args)
	if err != nil {
		var undefined flags.Undefined
		if errors.As(err, &undefined) {
			fmt.Fprintf(os.Stderr, "Incorrect Usage: %v\n\n", err)
		}
		return err
	}
	logging.Setup(values.Bool("debug"))
	if os.Getuid() != 0 {
		return errors.New("must run as root unless --rootless and/or --disable-agent is specified")
	}
	node, err := settings.NodeFrom(values)
	if err != nil {
		return err
	}
	for _, name := range settings.Unsupported(values) {
		logging.Warnf("option %s is accepted and has no effect in this stand-in", name)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ready := readiness()
	logging.Infof("Starting k3s %s (%s)", command, version.Get().GitVersion)
	if command == "agent" {
		return agent.Run(ctx, node, agent.Options{Joined: func() {
			logging.Infof("k3s agent is up and running")
			ready()
		}})
	}
	s, err := settings.ServerFrom(values, node)
	if err != nil {
		return err
	}
	return server.Run(ctx, s, node, func() {
		logging.Infof("k3s is up and running")
		ready()
	})
}

// readiness returns what tells systemd that the service is ready. Nobody else in this process or its children may do so: the API
// server would, as soon as it listens.
func readiness() func() {
	socket := os.Getenv("NOTIFY_SOCKET")
	os.Unsetenv("NOTIFY_SOCKET")
	return func() {
		if socket == "" {
			return
		}
		os.Setenv("NOTIFY_SOCKET", socket)
		if _, err := daemon.SdNotify(true, daemon.SdNotifyReady); err != nil {
			logging.Warnf("%v", err)
		}
	}
}

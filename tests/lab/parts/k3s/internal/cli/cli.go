// Package cli holds the commands of k3s that act on a running server.
package cli

import (
	"fmt"
	"os"
	"syscall"

	"k3s-tool.lab/k3s/internal/agent"
	"k3s-tool.lab/k3s/internal/child"
)

// Fail ends the program if there was an error.
func Fail(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "Error: %v\n", err)
		os.Exit(1)
	}
}

// Ctr becomes the host's ctr, on k3s's containerd and in the namespace of Kubernetes.
func Ctr(args []string) error {
	path, err := child.HostProgram("ctr")
	if err != nil {
		return err
	}
	env := append(os.Environ(), "CONTAINERD_ADDRESS="+agent.ContainerdSocket)
	if os.Getenv("CONTAINERD_NAMESPACE") == "" {
		env = append(env, "CONTAINERD_NAMESPACE=k8s.io")
	}
	return syscall.Exec(path, append([]string{"ctr"}, args...), env)
}

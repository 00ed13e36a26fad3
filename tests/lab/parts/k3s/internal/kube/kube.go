// Package kube starts upstream's programs that run in processes of their own.
package kube

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"          // log format
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // build metrics
	kubectl "k8s.io/kubectl/pkg/cmd"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// Run runs a component with its upstream command line and returns its exit status.
func Run(component string, args []string) int {
	var command *cobra.Command
	switch component {
	case "kubelet":
		command = kubelet.NewKubeletCommand(context.Background())
	case "kube-proxy":
		command = proxy.NewProxyCommand()
	case "kube-controller-manager":
		command = controllers.NewControllerManagerCommand()
	case "kube-scheduler":
		command = scheduler.NewSchedulerCommand()
	default:
		fmt.Fprintf(os.Stderr, "no component %q\n", component)
		return 2
	}
	os.Args = append([]string{component}, args...)
	return cli.Run(command)
}

const adminKubeconfig = "/etc/rancher/k3s/k3s.yaml"

// Kubectl runs kubectl; without another choice it uses the server's kubeconfig.
func Kubectl(args []string) int {
	if os.Getenv("KUBECONFIG") == "" {
		if _, err := os.Stat(adminKubeconfig); err == nil {
			if err := os.Setenv("KUBECONFIG", adminKubeconfig); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
	}
	os.Args = append([]string{"kubectl"}, args...)
	return cli.Run(kubectl.NewDefaultKubectlCommand())
}

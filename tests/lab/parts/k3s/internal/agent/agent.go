package agent

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"k3s-tool.lab/k3s/internal/child"
	"k3s-tool.lab/k3s/internal/settings"
)

// Options are what differs between an agent and the agent part of a server.
type Options struct {
	APIReady <-chan struct{} // closed when the server's own API answers; nil on an agent
	Joined   func()          // called when the node is part of the cluster and its network runs
}

// Run runs the node until the context ends or one of its parts fails.
func Run(ctx context.Context, node settings.Node, options Options) error {
	// Only root sees what is in it (k3s pkg/agent/run.go); one that is there is left as it is.
	if err := os.MkdirAll(node.DataDir, 0o700); err != nil {
		return err
	}
	setSysctls()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return runContainerd(ctx, node) })
	runtimeReady := make(chan struct{})
	group.Go(func() error {
		if err := waitForContainerd(ctx); err != nil {
			return err
		}
		return keepImages(ctx, node, func() { close(runtimeReady) })
	})
	group.Go(func() error { return runNode(ctx, group, node, options, runtimeReady) })
	return child.WaitFor(ctx, group)
}

// runNode joins the cluster and starts what needs it.
func runNode(ctx context.Context, group *errgroup.Group, node settings.Node, options Options, runtimeReady <-chan struct{}) error {
	apiURL, supervisor := node.ServerURL, node.ServerURL
	var lb *balancer
	if options.APIReady == nil {
		address, err := hostPort(node.ServerURL)
		if err != nil {
			return err
		}
		if lb, err = startBalancer(ctx, node.LBPort, address, node.DataDir); err != nil {
			return err
		}
		apiURL, supervisor = lb.url(), lb.url()
	} else if err := wait(ctx, options.APIReady); err != nil {
		return err
	}
	client, cluster, err := join(ctx, node, supervisor)
	if err != nil {
		return err
	}
	if lb != nil {
		go lb.refresh(ctx, client)
	}
	for name, certificate := range map[string]string{"kubelet": "client-kubelet", "kubeproxy": "client-kube-proxy", "k3scontroller": "client-k3s-controller"} {
		if err := writeKubeconfig(node, name, certificate, apiURL); err != nil {
			return err
		}
	}
	if err := wait(ctx, runtimeReady); err != nil {
		return err
	}
	since := time.Now()
	args, err := kubeletArgs(node, cluster)
	if err != nil {
		return err
	}
	group.Go(func() error {
		return child.Run(ctx, child.Spec{Name: "kubelet", Args: append([]string{"internal:kubelet"}, args...)})
	})
	if err := describeNode(ctx, node); err != nil {
		return err
	}
	if cluster.FlannelBackend != "none" {
		go keepFlannel(ctx, node, cluster)
	}
	if !cluster.DisableKubeProxy {
		group.Go(func() error {
			return child.Run(ctx, child.Spec{Name: "kube-proxy", Args: append([]string{"internal:kube-proxy"}, proxyArgs(node, cluster)...)})
		})
	}
	if !cluster.DisableNetworkPolicy {
		if err := startNetworkPolicies(ctx, node, cluster, since); err != nil {
			return err
		}
	}
	if err := delayReady(ctx, readyDelayFile); err != nil {
		return err
	}
	options.Joined()
	return nil
}

func hostPort(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" {
		return "", fmt.Errorf("Invalid server url, failed to parse: %s", server) //nolint:staticcheck // k3s's words
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

func wait(ctx context.Context, event <-chan struct{}) error {
	select {
	case <-event:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package agent

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/cloudnativelabs/kube-router/v2/pkg/utils"
	"github.com/coreos/go-iptables/iptables"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	waits "k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"

	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

const (
	readyPoll    = 2 * time.Second
	readyTimeout = 15 * time.Minute // util.DefaultAPIServerReadyTimeout
)

// startNetworkPolicies starts kube-router's network policy controller, the one that k3s has inside, as k3s does (k3s-io/k3s
// pkg/agent/netpol/netpol.go). It returns when the controller runs, which is not before the kubelet has reported the node Ready.
// Its iptables rules and ipsets stay when the program ends.
func startNetworkPolicies(ctx context.Context, node settings.Node, cluster settings.Cluster, since time.Time) error {
	sets, err := utils.NewIPSet(false)
	if err == nil {
		err = sets.Save()
	}
	if err != nil {
		logging.Warnf("Skipping network policy controller start, ipset unavailable: %v", err)
		return nil
	}
	client, err := clientFrom(filepath.Join(node.DataDir, "k3scontroller.kubeconfig"))
	if err != nil {
		return err
	}
	if err := waitForReady(ctx, client, node.Name, since); err != nil {
		return fmt.Errorf("network policy controller failed to wait for Node %s: %w", node.Name, err)
	}
	rules, err := iptables.NewWithProtocol(iptables.ProtocolIPv4)
	if err != nil {
		return fmt.Errorf("failed to create iptables handler: %w", err)
	}
	config := options.NewKubeRouterConfig()
	config.ClusterIPCIDRs = []string{cluster.ServiceCIDR}
	config.EnableIPv4, config.EnableIPv6 = true, false
	config.NodePortRange = strings.ReplaceAll(cluster.NodePortRange, "-", ":")
	config.HostnameOverride = node.Name
	config.RunFirewall, config.RunRouter, config.RunServiceProxy = true, false, false

	factory := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces := factory.Core().V1().Pods().Informer(), factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())

	health, err := healthcheck.NewHealthController(config)
	if err != nil {
		return err
	}
	controller, err := netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &sync.Mutex{}, nil,
		map[corev1.IPFamily]utils.IPTablesHandler{corev1.IPv4Protocol: rules}, map[corev1.IPFamily]utils.IPSetHandler{corev1.IPv4Protocol: sets})
	if err != nil {
		return fmt.Errorf("unable to initialize network policy controller: %w", err)
	}
	_, podsErr := pods.AddEventHandler(controller.PodEventHandler)
	_, namespacesErr := namespaces.AddEventHandler(controller.NamespaceEventHandler)
	_, policiesErr := policies.AddEventHandler(controller.NetworkPolicyEventHandler)
	if err := errors.Join(podsErr, namespacesErr, policiesErr); err != nil {
		return err
	}
	beats, running := make(chan *healthcheck.ControllerHeartbeat), &sync.WaitGroup{}
	health.SetAlive()
	running.Add(2)
	go health.RunCheck(beats, ctx.Done(), running)
	go controller.Run(beats, ctx.Done(), running)
	logging.Infof("Starting network policy controller")
	return nil
}

// waitForReady waits until the kubelet has reported the node Ready at `since` or later; what an earlier kubelet reported does not
// count. The API keeps whole seconds.
func waitForReady(ctx context.Context, client kubernetes.Interface, name string, since time.Time) error {
	since = since.Truncate(time.Second)
	return waits.PollUntilContextTimeout(ctx, readyPoll, readyTimeout, true, func(ctx context.Context) (bool, error) {
		found, err := client.CoreV1().Nodes().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			logging.Infof("Network policy controller waiting to get Node %s: %v", name, err)
			return false, nil
		}
		for _, c := range found.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
				return !c.LastHeartbeatTime.Time.Before(since), nil
			}
		}
		return false, nil
	})
}

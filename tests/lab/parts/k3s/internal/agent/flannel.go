package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/flannel-io/flannel/pkg/backend"
	_ "github.com/flannel-io/flannel/pkg/backend/vxlan" // registers the backend
	"github.com/flannel-io/flannel/pkg/ip"
	"github.com/flannel-io/flannel/pkg/ipmatch"
	"github.com/flannel-io/flannel/pkg/subnet/kube"
	"github.com/flannel-io/flannel/pkg/trafficmngr/iptables"
	"github.com/vishvananda/netlink"

	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/settings"
)

const (
	flannelAnnotations = "flannel.alpha.coreos.com"
	flannelSubnetFile  = "/run/flannel/subnet.env"
	flannelDevice      = "flannel.1"
	iptablesResync     = 60 // seconds
)

func cniConfigDir(node settings.Node) string {
	return filepath.Join(node.DataDir, "etc", "cni", "net.d")
}

// runFlannel joins the node to the pod network and keeps it joined. It returns when its device is gone, as happens when
// tailscaled restarts and takes tailscale0 with it; the caller starts it again.
func runFlannel(ctx context.Context, node settings.Node, cluster settings.Cluster) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	conf := node.FlannelConf
	if conf == "" {
		conf = filepath.Join(node.DataDir, "etc", "flannel", "net-conf.json")
		text := fmt.Sprintf(`{"Network":%q,"EnableIPv4":true,"EnableIPv6":false,"Backend":{"Type":"vxlan"}}`, cluster.ClusterCIDR)
		if err := files.Replace(conf, []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := os.Setenv("NODE_NAME", node.Name); err != nil {
		return err
	}
	manager, err := kube.NewSubnetManager(ctx, "", filepath.Join(node.DataDir, "k3scontroller.kubeconfig"), flannelAnnotations, conf, false)
	if err != nil {
		return err
	}
	config, err := manager.GetNetworkConfig(ctx)
	if err != nil {
		return err
	}
	stack, err := ipmatch.GetIPFamily(true, false)
	if err != nil {
		return err
	}
	external, err := ipmatch.LookupExtIface(node.FlannelIface, "", "", stack, ipmatch.PublicIPOpts{PublicIP: node.IP})
	if err != nil {
		return fmt.Errorf("failed to find the interface: %w", err)
	}
	engine, err := backend.NewManager(ctx, manager, external).GetBackend(config.BackendType)
	if err != nil {
		return err
	}
	if err := waitForPodCIDR(ctx, node); err != nil {
		return err
	}
	var running sync.WaitGroup
	network, err := engine.RegisterNetwork(ctx, &running, config)
	if err != nil {
		return fmt.Errorf("failed to register flannel network: %w", err)
	}
	lease := network.Lease()
	rules := &iptables.IPTablesManager{}
	if err := rules.Init(ctx); err != nil {
		return err
	}
	if err := rules.SetupAndEnsureMasqRules(ctx, config.Network, ip.IP4Net{}, ip.IP4Net{}, ip.IP6Net{}, ip.IP6Net{}, ip.IP6Net{}, lease, iptablesResync, false); err != nil {
		return err
	}
	rules.SetupAndEnsureForwardRules(ctx, config.Network, ip.IP6Net{}, iptablesResync)
	if err := manager.HandleSubnetFile(flannelSubnetFile, config, true, lease.Subnet, lease.IPv6Subnet, network.MTU()); err != nil {
		return err
	}
	if err := writeCNIConfig(node, lease.Subnet.String(), network.MTU()); err != nil {
		return err
	}
	logging.Infof("flannel: subnet %s, MTU %d on %s", lease.Subnet, network.MTU(), external.Iface.Name)
	go network.Run(ctx)
	return deviceGone(ctx, flannelDevice)
}

// writeCNIConfig makes containerd connect pods to the bridge cni0; that the file appears makes the node Ready.
func writeCNIConfig(node settings.Node, subnet string, mtu int) error {
	path := filepath.Join(cniConfigDir(node), "10-flannel.conflist")
	if node.FlannelCNI != "" {
		data, err := os.ReadFile(node.FlannelCNI)
		if err != nil {
			return err
		}
		return files.Replace(path, data, 0o644)
	}
	type object = map[string]any
	data, err := json.MarshalIndent(object{
		"name": "cbr0", "cniVersion": "1.0.0",
		"plugins": []object{
			{
				"type": "bridge", "bridge": "cni0", "mtu": mtu, "hairpinMode": true, "forceAddress": true, "isDefaultGateway": true,
				"ipMasq": false, // flannel's own rules know the whole cluster network
				"ipam":   object{"type": "host-local", "subnet": subnet},
			},
			{"type": "portmap", "capabilities": object{"portMappings": true}},
		},
	}, "", "  ")
	if err != nil {
		return err
	}
	return files.Replace(path, data, 0o644)
}

// deviceGone waits until a network device is deleted.
func deviceGone(ctx context.Context, name string) error {
	updates, done := make(chan netlink.LinkUpdate), make(chan struct{})
	defer close(done)
	if err := netlink.LinkSubscribe(updates, done); err != nil {
		return err
	}
	if _, err := net.InterfaceByName(name); err != nil {
		return errors.New(name + " is gone")
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case u, ok := <-updates:
			if !ok {
				return errors.New("the kernel's messages about network devices ended")
			}
			if _, err := net.InterfaceByName(name); err != nil && u.Link.Attrs().Name == name {
				return errors.New(name + " is gone")
			}
		}
	}
}

// keepFlannel runs flannel until the context ends.
func keepFlannel(ctx context.Context, node settings.Node, cluster settings.Cluster) {
	for ctx.Err() == nil {
		err := runFlannel(ctx, node, cluster)
		if ctx.Err() != nil {
			return
		}
		logging.Warnf("flannel: %v; starting it again", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

package settings

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"k3s-tool.lab/k3s/internal/flags"
)

// Cluster is what all nodes of a cluster share; servers tell agents.
type Cluster struct {
	ClusterCIDR      string `json:"clusterCIDR"`
	ServiceCIDR      string `json:"serviceCIDR"`
	ClusterDNS       string `json:"clusterDNS"`
	ClusterDomain    string `json:"clusterDomain"`
	FlannelBackend   string `json:"flannelBackend"`
	NodePortRange    string `json:"nodePortRange"`
	HTTPSPort        int    `json:"httpsPort"`
	DisableKubeProxy bool   `json:"disableKubeProxy"`

	DisableNetworkPolicy bool `json:"disableNetworkPolicy"`
	EncryptSecrets       bool `json:"encryptSecrets"`
}

// Server is what a server needs to know beside its own node's settings.
type Server struct {
	Cluster
	DataDir           string // …/server
	BindAddress       string
	AdvertiseAddress  string
	AdvertisePort     int
	TLSSANs           []string
	KubeconfigPath    string
	KubeconfigMode    os.FileMode
	KubeconfigGroup   string
	KubeconfigName    string
	Token             string
	AgentToken        string
	JoinURL           string
	ClusterInit       bool
	ClusterReset      bool
	RestorePath       string
	Disable           []string
	DisableAgent      bool
	DisableScheduler  bool
	APIServerArgs     []string
	ControllerArgs    []string
	SchedulerArgs     []string
	EtcdArgs          []string
	SnapshotDir       string
	SnapshotName      string
	ExposeEtcdMetrics bool
	RegisterTaints    []string
	Database          Database
}

// Database is an etcd that servers share instead of having one of their own.
type Database struct {
	Endpoints            []string
	CA, Certificate, Key string
}

// DefaultKubeconfig is where the administrator's kubeconfig is; a link where `write-kubeconfig` names another place.
const DefaultKubeconfig = "/etc/rancher/k3s/k3s.yaml"

// disableItems are the packaged components that can be left out.
var disableItems = []string{"coredns", "servicelb", "traefik", "local-storage", "metrics-server", "runtimes"}

// ServerFrom reads the server's settings; node holds those of the same machine.
func ServerFrom(v *flags.Values, node Node) (Server, error) {
	dataDir := filepath.Join(v.String("data-dir"), "server")
	s := Server{
		Cluster: Cluster{
			ClusterCIDR:      v.String("cluster-cidr"),
			ServiceCIDR:      v.String("service-cidr"),
			ClusterDomain:    v.String("cluster-domain"),
			FlannelBackend:   v.String("flannel-backend"),
			HTTPSPort:        v.Int("https-listen-port"),
			NodePortRange:    v.String("service-node-port-range"),
			DisableKubeProxy: v.Bool("disable-kube-proxy"),

			DisableNetworkPolicy: v.Bool("disable-network-policy"),
			EncryptSecrets:       v.Bool("secrets-encryption"),
		},
		DataDir:           dataDir,
		BindAddress:       v.String("bind-address"),
		AdvertiseAddress:  cmp.Or(v.String("advertise-address"), node.ExternalIP, node.IP),
		TLSSANs:           splitAll(v.List("tls-san")),
		KubeconfigPath:    cmp.Or(v.String("write-kubeconfig"), DefaultKubeconfig),
		KubeconfigMode:    0o600,
		KubeconfigGroup:   v.String("write-kubeconfig-group"),
		KubeconfigName:    v.String("write-kubeconfig-name"),
		JoinURL:           node.ServerURL,
		ClusterInit:       v.Bool("cluster-init"),
		ClusterReset:      v.Bool("cluster-reset"),
		RestorePath:       v.String("cluster-reset-restore-path"),
		Disable:           splitAll(v.List("disable")),
		DisableAgent:      v.Bool("disable-agent"),
		DisableScheduler:  v.Bool("disable-scheduler"),
		APIServerArgs:     v.List("kube-apiserver-arg"),
		ControllerArgs:    append(v.List("kube-controller-manager-arg"), v.List("kube-controller-arg")...),
		SchedulerArgs:     v.List("kube-scheduler-arg"),
		EtcdArgs:          v.List("etcd-arg"),
		SnapshotDir:       cmp.Or(v.String("etcd-snapshot-dir"), filepath.Join(dataDir, "db", "snapshots")),
		SnapshotName:      v.String("etcd-snapshot-name"),
		ExposeEtcdMetrics: v.Bool("etcd-expose-metrics"),
		Database: Database{
			CA: v.String("datastore-cafile"), Certificate: v.String("datastore-certfile"), Key: v.String("datastore-keyfile"),
		},
	}
	if endpoint := v.String("datastore-endpoint"); endpoint != "" {
		s.Database.Endpoints = strings.Split(endpoint, ",")
		if !strings.HasPrefix(endpoint, "http://") && !strings.HasPrefix(endpoint, "https://") {
			return s, errors.New("datastore-endpoint: this stand-in has etcd (http, https) only")
		}
	}
	s.AdvertisePort = cmp.Or(v.Int("advertise-port"), s.HTTPSPort)
	var err error
	if mode := v.String("write-kubeconfig-mode"); mode != "" {
		bits, err := strconv.ParseUint(mode, 8, 32)
		if err != nil {
			return s, fmt.Errorf("invalid write-kubeconfig-mode %q", mode)
		}
		s.KubeconfigMode = os.FileMode(bits)
	}
	if s.Token, err = secretFrom(v, "token", "token-file"); err != nil {
		return s, err
	}
	if s.AgentToken, err = secretFrom(v, "agent-token", "agent-token-file"); err != nil {
		return s, err
	}
	if s.RestorePath != "" && !s.ClusterReset {
		return s, fmt.Errorf("invalid flag use; --cluster-reset required with --cluster-reset-restore-path")
	}
	if s.JoinURL != "" && s.Token == "" {
		return s, fmt.Errorf("--token is required to join a cluster")
	}
	for _, item := range s.Disable {
		if !slices.Contains(disableItems, item) {
			return s, fmt.Errorf("unknown packaged component %q (valid items: %s)", item, strings.Join(disableItems, ", "))
		}
	}
	if !slices.Contains([]string{"vxlan", "none"}, s.FlannelBackend) {
		return s, fmt.Errorf("flannel-backend %q: this stand-in has vxlan and none", s.FlannelBackend)
	}
	s.ClusterDNS, err = clusterDNS(v)
	return s, err
}

// clusterDNS is the given address, or the tenth of the service network.
func clusterDNS(v *flags.Values) (string, error) {
	if v.IsSet("cluster-dns") {
		return v.String("cluster-dns"), nil
	}
	_, network, err := net.ParseCIDR(v.String("service-cidr"))
	if err != nil {
		return "", fmt.Errorf("invalid service-cidr: %w", err)
	}
	return addressIn(network, 10), nil
}

// APIServiceIP is the first address of the service network: the address of the Service "kubernetes".
func (s Server) APIServiceIP() string {
	_, network, err := net.ParseCIDR(s.ServiceCIDR)
	if err != nil {
		return ""
	}
	return addressIn(network, 1)
}

// Etcd tells whether this server's datastore is an etcd of its own: where it has one, or is told to make or join one; else it is a database that is
// named, or SQLite (k3s-io/k3s pkg/cluster/managed.go, assignManagedDriver).
func (s Server) Etcd() bool {
	return s.EtcdInitialized() || s.ClusterReset || len(s.Database.Endpoints) == 0 && (s.ClusterInit || s.JoinURL != "")
}

// SharesDatabase tells whether the datastore is a database that other servers have, too.
func (s Server) SharesDatabase() bool { return !s.Etcd() && len(s.Database.Endpoints) > 0 }

// EtcdInitialized tells whether etcd has run here (k3s-io/k3s pkg/etcd/etcd.go, IsInitialized).
func (s Server) EtcdInitialized() bool {
	info, err := os.Stat(filepath.Join(s.DataDir, "db", "etcd", "member", "wal"))
	return err == nil && info.IsDir()
}

// TLS is the directory of the server's keys and certificates.
func (s Server) TLS(name string) string { return filepath.Join(s.DataDir, "tls", name) }

func addressIn(network *net.IPNet, n byte) string {
	ip := slices.Clone(network.IP)
	ip[len(ip)-1] += n
	return ip.String()
}

func splitAll(values []string) []string {
	var out []string
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

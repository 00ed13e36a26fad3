// Package flags knows the options of `k3s server` and `k3s agent` and reads them from the command line, the environment and the configuration files.
package flags

// Type says how an option's value is read.
type Type string

// The types of the real program's options.
const (
	String   Type = "string"
	Int      Type = "int"
	Bool     Type = "bool"
	List     Type = "list"
	Duration Type = "duration"
)

// Commands an option belongs to.
const (
	Server = 1 << iota
	Agent
)

// Flag is one option of the real program.
type Flag struct {
	Name    string
	Alias   string
	Type    Type
	On      int // Server, Agent or both
	Env     string
	Default string
}

// Table lists every option that `k3s server` and `k3s agent` have, and no other. The names, types, variables and defaults are
// facts from github.com/k3s-io/docs (docs/cli/server.md, docs/cli/agent.md) and github.com/k3s-io/k3s (pkg/cli/cmds/server.go,
// agent.go); testdata/flags.tsv holds the same facts with the source of each.
var Table = []Flag{
	{Name: "config", Alias: "c", Type: String, On: Server | Agent, Env: "K3S_CONFIG_FILE", Default: "/etc/rancher/k3s/config.yaml"},
	{Name: "debug", Type: Bool, On: Server | Agent, Env: "K3S_DEBUG"},
	{Name: "v", Type: Int, On: Server | Agent, Default: "0"},
	{Name: "vmodule", Type: String, On: Server | Agent},
	{Name: "log", Alias: "l", Type: String, On: Server | Agent},
	{Name: "alsologtostderr", Type: Bool, On: Server | Agent},
	{Name: "bind-address", Type: String, On: Server | Agent, Default: "0.0.0.0"},
	{Name: "https-listen-port", Type: Int, On: Server, Default: "6443"},
	{Name: "advertise-address", Type: String, On: Server},
	{Name: "advertise-port", Type: Int, On: Server, Default: "0"},
	{Name: "tls-san", Type: List, On: Server},
	{Name: "tls-san-security", Type: Bool, On: Server, Default: "true"},
	{Name: "data-dir", Alias: "d", Type: String, On: Server | Agent, Env: "K3S_DATA_DIR", Default: "/var/lib/rancher/k3s"},
	{Name: "cluster-cidr", Type: List, On: Server, Default: "10.42.0.0/16"},
	{Name: "service-cidr", Type: List, On: Server, Default: "10.43.0.0/16"},
	{Name: "service-node-port-range", Type: String, On: Server, Default: "30000-32767"},
	{Name: "cluster-dns", Type: List, On: Server, Default: "10.43.0.10"},
	{Name: "cluster-domain", Type: String, On: Server, Default: "cluster.local"},
	{Name: "flannel-backend", Type: String, On: Server, Default: "vxlan"},
	{Name: "flannel-ipv6-masq", Type: Bool, On: Server},
	{Name: "flannel-external-ip", Type: Bool, On: Server},
	{Name: "egress-selector-mode", Type: String, On: Server, Default: "agent"},
	{Name: "servicelb-namespace", Type: String, On: Server, Default: "kube-system"},
	{Name: "write-kubeconfig", Alias: "o", Type: String, On: Server, Env: "K3S_KUBECONFIG_OUTPUT"},
	{Name: "write-kubeconfig-mode", Type: String, On: Server, Env: "K3S_KUBECONFIG_MODE"},
	{Name: "write-kubeconfig-group", Type: String, On: Server, Env: "K3S_KUBECONFIG_GROUP"},
	{Name: "write-kubeconfig-name", Type: String, On: Server, Env: "K3S_KUBECONFIG_NAME", Default: "default"},
	{Name: "helm-job-image", Type: String, On: Server},
	{Name: "token", Alias: "t", Type: String, On: Server | Agent, Env: "K3S_TOKEN"},
	{Name: "token-file", Type: String, On: Server | Agent, Env: "K3S_TOKEN_FILE"},
	{Name: "agent-token", Type: String, On: Server, Env: "K3S_AGENT_TOKEN"},
	{Name: "agent-token-file", Type: String, On: Server, Env: "K3S_AGENT_TOKEN_FILE"},
	{Name: "server", Alias: "s", Type: String, On: Server | Agent, Env: "K3S_URL"},
	{Name: "cluster-init", Type: Bool, On: Server, Env: "K3S_CLUSTER_INIT"},
	{Name: "cluster-reset", Type: Bool, On: Server, Env: "K3S_CLUSTER_RESET"},
	{Name: "cluster-reset-restore-path", Type: String, On: Server},
	{Name: "kube-apiserver-arg", Type: List, On: Server},
	{Name: "etcd-arg", Type: List, On: Server},
	{Name: "helm-controller-arg", Type: List, On: Server},
	{Name: "kube-controller-manager-arg", Type: List, On: Server},
	{Name: "kube-scheduler-arg", Type: List, On: Server},
	{Name: "kube-cloud-controller-manager-arg", Type: List, On: Server},
	{Name: "datastore-endpoint", Type: String, On: Server, Env: "K3S_DATASTORE_ENDPOINT"},
	{Name: "datastore-cafile", Type: String, On: Server, Env: "K3S_DATASTORE_CAFILE"},
	{Name: "datastore-certfile", Type: String, On: Server, Env: "K3S_DATASTORE_CERTFILE"},
	{Name: "datastore-keyfile", Type: String, On: Server, Env: "K3S_DATASTORE_KEYFILE"},
	{Name: "etcd-expose-metrics", Type: Bool, On: Server},
	{Name: "etcd-disable-snapshots", Type: Bool, On: Server},
	{Name: "etcd-snapshot-name", Type: String, On: Server, Default: "etcd-snapshot"},
	{Name: "etcd-snapshot-schedule-cron", Type: String, On: Server, Default: "0 */12 * * *"},
	{Name: "etcd-snapshot-reconcile-interval", Type: Duration, On: Server, Default: "10m0s"},
	{Name: "etcd-snapshot-retention", Type: Int, On: Server, Default: "5"},
	{Name: "etcd-snapshot-dir", Type: String, On: Server},
	{Name: "etcd-snapshot-compress", Type: Bool, On: Server},
	{Name: "etcd-s3", Type: Bool, On: Server},
	{Name: "etcd-s3-endpoint", Type: String, On: Server, Default: "s3.amazonaws.com"},
	{Name: "etcd-s3-endpoint-ca", Type: String, On: Server},
	{Name: "etcd-s3-skip-ssl-verify", Type: Bool, On: Server},
	{Name: "etcd-s3-access-key", Type: String, On: Server, Env: "AWS_ACCESS_KEY_ID"},
	{Name: "etcd-s3-secret-key", Type: String, On: Server, Env: "AWS_SECRET_ACCESS_KEY"},
	{Name: "etcd-s3-session-token", Type: String, On: Server, Env: "AWS_SESSION_TOKEN"},
	{Name: "etcd-s3-bucket", Type: String, On: Server},
	{Name: "etcd-s3-bucket-lookup-type", Type: String, On: Server, Default: "auto"},
	{Name: "etcd-s3-region", Type: String, On: Server, Default: "us-east-1"},
	{Name: "etcd-s3-folder", Type: String, On: Server},
	{Name: "etcd-s3-retention", Type: Int, On: Server, Default: "5"},
	{Name: "etcd-s3-proxy", Type: String, On: Server},
	{Name: "etcd-s3-config-secret", Type: String, On: Server},
	{Name: "etcd-s3-insecure", Type: Bool, On: Server},
	{Name: "etcd-s3-timeout", Type: Duration, On: Server, Default: "5m0s"},
	{Name: "default-local-storage-path", Type: String, On: Server},
	{Name: "disable", Type: List, On: Server},
	{Name: "disable-scheduler", Type: Bool, On: Server},
	{Name: "disable-cloud-controller", Type: Bool, On: Server},
	{Name: "disable-kube-proxy", Type: Bool, On: Server},
	{Name: "disable-network-policy", Type: Bool, On: Server},
	{Name: "disable-helm-controller", Type: Bool, On: Server},
	{Name: "embedded-registry", Type: Bool, On: Server},
	{Name: "supervisor-metrics", Type: Bool, On: Server},
	{Name: "node-name", Type: String, On: Server | Agent, Env: "K3S_NODE_NAME"},
	{Name: "with-node-id", Type: Bool, On: Server | Agent},
	{Name: "node-label", Type: List, On: Server | Agent},
	{Name: "node-taint", Type: List, On: Server | Agent},
	{Name: "image-credential-provider-bin-dir", Type: String, On: Server | Agent, Default: "/var/lib/rancher/credentialprovider/bin"},
	{Name: "image-credential-provider-config", Type: String, On: Server | Agent, Default: "/var/lib/rancher/credentialprovider/config.yaml"},
	{Name: "selinux", Type: Bool, On: Server | Agent, Env: "K3S_SELINUX"},
	{Name: "lb-server-port", Type: Int, On: Server | Agent, Env: "K3S_LB_SERVER_PORT", Default: "6444"},
	{Name: "protect-kernel-defaults", Type: Bool, On: Server | Agent},
	{Name: "container-runtime-endpoint", Type: String, On: Server | Agent},
	{Name: "default-runtime", Type: String, On: Server | Agent},
	{Name: "image-service-endpoint", Type: String, On: Server | Agent},
	{Name: "disable-default-registry-endpoint", Type: Bool, On: Server | Agent},
	{Name: "nonroot-devices", Type: Bool, On: Server | Agent},
	{Name: "pause-image", Type: String, On: Server | Agent, Default: "rancher/mirrored-pause:3.6"},
	{Name: "snapshotter", Type: String, On: Server | Agent, Default: "overlayfs"},
	{Name: "private-registry", Type: String, On: Server | Agent, Default: "/etc/rancher/k3s/registries.yaml"},
	{Name: "system-default-registry", Type: String, On: Server, Env: "K3S_SYSTEM_DEFAULT_REGISTRY"},
	{Name: "airgap-extra-registry", Type: List, On: Server | Agent},
	{Name: "node-ip", Alias: "i", Type: List, On: Server | Agent},
	{Name: "node-external-ip", Type: List, On: Server | Agent},
	{Name: "node-internal-dns", Type: List, On: Server | Agent},
	{Name: "node-external-dns", Type: List, On: Server | Agent},
	{Name: "resolv-conf", Type: String, On: Server | Agent, Env: "K3S_RESOLV_CONF"},
	{Name: "flannel-iface", Type: String, On: Server | Agent},
	{Name: "flannel-conf", Type: String, On: Server | Agent},
	{Name: "flannel-cni-conf", Type: String, On: Server | Agent},
	{Name: "vpn-auth", Type: String, On: Server | Agent, Env: "K3S_VPN_AUTH"},
	{Name: "vpn-auth-file", Type: String, On: Server | Agent, Env: "K3S_VPN_AUTH_FILE"},
	{Name: "kubelet-arg", Type: List, On: Server | Agent},
	{Name: "kube-proxy-arg", Type: List, On: Server | Agent},
	{Name: "secrets-encryption", Type: Bool, On: Server},
	{Name: "secrets-encryption-provider", Type: String, On: Server, Default: "aescbc"},
	{Name: "enable-pprof", Type: Bool, On: Server | Agent},
	{Name: "rootless", Type: Bool, On: Server | Agent},
	{Name: "prefer-bundled-bin", Type: Bool, On: Server | Agent},
	{Name: "docker", Type: Bool, On: Server | Agent},
	{Name: "disable-apiserver-lb", Type: Bool, On: Agent},
	{Name: "disable-agent", Type: Bool, On: Server},
	{Name: "disable-apiserver", Type: Bool, On: Server},
	{Name: "disable-controller-manager", Type: Bool, On: Server},
	{Name: "disable-etcd", Type: Bool, On: Server},
	{Name: "kine-tls", Type: Bool, On: Server},
	{Name: "kube-controller-arg", Type: List, On: Server},
	{Name: "kube-cloud-controller-arg", Type: List, On: Server},
}

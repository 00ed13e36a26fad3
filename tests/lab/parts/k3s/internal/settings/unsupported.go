package settings

import (
	"slices"

	"k3s-tool.lab/k3s/internal/flags"
)

// unsupported options exist in the real program and are accepted, but change nothing here.
var unsupported = []string{
	"airgap-extra-registry", "container-runtime-endpoint", "default-local-storage-path", "default-runtime", "disable-apiserver", "disable-controller-manager",
	"disable-default-registry-endpoint", "disable-etcd", "docker", "egress-selector-mode", "embedded-registry", "enable-pprof",
	"etcd-s3", "etcd-s3-access-key", "etcd-s3-bucket", "etcd-s3-bucket-lookup-type", "etcd-s3-config-secret", "etcd-s3-endpoint",
	"etcd-s3-endpoint-ca", "etcd-s3-folder", "etcd-s3-insecure", "etcd-s3-proxy", "etcd-s3-region", "etcd-s3-retention",
	"etcd-s3-secret-key", "etcd-s3-session-token", "etcd-s3-skip-ssl-verify", "etcd-s3-timeout", "etcd-snapshot-compress",
	"etcd-snapshot-reconcile-interval", "etcd-snapshot-retention", "etcd-snapshot-schedule-cron", "flannel-external-ip",
	"flannel-ipv6-masq", "helm-job-image", "image-credential-provider-bin-dir", "image-credential-provider-config",
	"image-service-endpoint", "kine-tls", "kube-cloud-controller-arg", "kube-cloud-controller-manager-arg", "log", "node-external-dns",
	"node-internal-dns", "nonroot-devices", "prefer-bundled-bin", "rootless",
	"secrets-encryption-provider", "selinux", "servicelb-namespace", "supervisor-metrics", "system-default-registry", "v",
	"vmodule", "vpn-auth", "vpn-auth-file",
}

// Unsupported lists the options that were given and that this stand-in does not act on.
func Unsupported(v *flags.Values) []string {
	var out []string
	for _, name := range v.Set() {
		if slices.Contains(unsupported, name) {
			out = append(out, name)
		}
	}
	return out
}

/**
 * The units that make a booted base image a lab host, as files of a layer between the base image and each
 * host's own disk. They are the same for every host: what differs comes from /etc/lab.env.
 */
export const hostFiles: Record<string, string> = {
  "etc/systemd/system/lab-net.service": `[Unit]
Description=Address of this lab host
DefaultDependencies=no
After=local-fs.target
Before=network-pre.target network.target
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/etc/lab.env
ExecStart=/bin/sh -c 'ip link set host0 up; ip addr add \${ADDRESS}/24 dev host0; ip route add default via 10.77.0.1'

[Install]
WantedBy=sysinit.target
`,
  // systemd-nspawn mounts these read-only and refuses to remount them; a kubelet writes to both.
  "etc/systemd/system/lab-cgroup.service": `[Unit]
Description=Writable cgroups and kernel settings in this lab host
DefaultDependencies=no
Before=sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/lib/lab/writable-cgroups

[Install]
WantedBy=sysinit.target
`,
  "usr/local/lib/lab/writable-cgroups": `#!/bin/sh
set -e
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mount -o remount,rw /sys/fs/cgroup
else
  for dir in memory cpu cpuacct cpuset pids blkio devices freezer; do
    umount /sys/fs/cgroup/$dir
    mount -t cgroup -o $dir cgroup /sys/fs/cgroup/$dir
  done
fi
# Only the mount's own flag is changed, as systemd-nspawn has laid a boot id of the host's own below it.
mount -o remount,bind,rw /proc/sys
mount --make-rshared /
`,
  "etc/systemd/system.conf.d/lab.conf": "[Manager]\nDefaultTimeoutStopSec=10s\n",
  // As in Tailscale's own Debian package, but for the log upload, which has nowhere to go.
  "etc/default/tailscaled": 'PORT="41641"\nFLAGS="--no-logs-no-support"\n',
  "usr/lib/systemd/system/tailscaled.service": `[Unit]
Description=Tailscale node agent
Documentation=https://tailscale.com/docs/
Wants=network-pre.target
After=network-pre.target NetworkManager.service systemd-resolved.service

[Service]
EnvironmentFile=/etc/default/tailscaled
ExecStart=/usr/sbin/tailscaled --state=/var/lib/tailscale/tailscaled.state --socket=/run/tailscale/tailscaled.sock --port=\${PORT} $FLAGS
ExecStopPost=/usr/sbin/tailscaled --cleanup
Restart=on-failure
RuntimeDirectory=tailscale
RuntimeDirectoryMode=0755
StateDirectory=tailscale
StateDirectoryMode=0700
CacheDirectory=tailscale
CacheDirectoryMode=0750
Type=notify

[Install]
WantedBy=multi-user.target
`,
};

const beforeRealK3s = `[Service]
ExecStartPre=/usr/local/lib/lab/before-real-k3s
`;

/**
 * Files of hosts that run a real k3s, whatever writes its units: before each start, so that they are there again after k3s
 * was removed, come the settings without which its kubelet and containerd do not start here. The kubelet refuses version 1 of
 * cgroups otherwise; containerd may not lower scores, as hosts lack that capability. Drop-ins of containerd's configuration
 * are read by k3s 1.31.6 and later (k3s-io/k3s pkg/agent/containerd/config.go).
 */
export const realK3sFiles: Record<string, string> = {
  "usr/lib/systemd/system/k3s.service.d/lab.conf": beforeRealK3s,
  "usr/lib/systemd/system/k3s-agent.service.d/lab.conf": beforeRealK3s,
  "usr/local/lib/lab/before-real-k3s": `#!/bin/sh
set -e
config=/etc/rancher/k3s/config.yaml.d
containerd=/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.d
mkdir -p $config
(umask 077; mkdir -p $containerd) # as private as k3s makes them
echo 'kubelet-arg+: [fail-cgroupv1=false]' >$config/lab.yaml
cat >$containerd/lab.toml <<END
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
END
`,
};

/** Files of the layer that are programs. */
export const hostPrograms = [
  "usr/local/lib/lab/writable-cgroups",
  "usr/local/lib/lab/before-real-k3s",
];

/** Units of the layer that start with the host, and the target that wants each. */
export const enabledUnits: Record<string, string> = {
  "etc/systemd/system/sysinit.target.wants/lab-net.service": "/etc/systemd/system/lab-net.service",
  "etc/systemd/system/sysinit.target.wants/lab-cgroup.service":
    "/etc/systemd/system/lab-cgroup.service",
  "etc/systemd/system/multi-user.target.wants/tailscaled.service":
    "/lib/systemd/system/tailscaled.service",
};

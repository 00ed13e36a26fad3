// Package settings turns the options of a command into what the server and the node do.
package settings

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	utilnet "k8s.io/apimachinery/pkg/util/net"

	"k3s-tool.lab/k3s/internal/flags"
	"k3s-tool.lab/k3s/internal/jointoken"
)

// NodeDir holds what identifies this machine to clusters; it outlives an uninstalled cluster.
const NodeDir = "/etc/rancher/node"

// Node is what this machine's own agent needs to know.
type Node struct {
	Name                  string
	IP                    string
	ExternalIP            string
	DataDir               string // …/agent
	ServerURL             string
	Token                 string
	Labels                []string
	Taints                []string
	KubeletArgs           []string
	ProxyArgs             []string
	FlannelIface          string
	FlannelConf           string
	FlannelCNI            string
	ResolvConf            string
	PauseImage            string
	Snapshotter           string
	Registries            string
	LBPort                int
	ProtectKernelDefaults bool
	MaskedArgs            []string // for the k3s.io/node-args annotation
}

// NodeFrom reads the node's settings; for a server, the URL is that of its own supervisor.
func NodeFrom(v *flags.Values) (Node, error) {
	n := Node{
		DataDir:               filepath.Join(v.String("data-dir"), "agent"),
		ServerURL:             strings.TrimRight(v.String("server"), "/"),
		ExternalIP:            first(v.List("node-external-ip")),
		Labels:                v.List("node-label"),
		Taints:                v.List("node-taint"),
		KubeletArgs:           v.List("kubelet-arg"),
		ProxyArgs:             v.List("kube-proxy-arg"),
		FlannelIface:          v.String("flannel-iface"),
		FlannelConf:           v.String("flannel-conf"),
		FlannelCNI:            v.String("flannel-cni-conf"),
		ResolvConf:            v.String("resolv-conf"),
		PauseImage:            v.String("pause-image"),
		Snapshotter:           v.String("snapshotter"),
		Registries:            v.String("private-registry"),
		LBPort:                v.Int("lb-server-port"),
		ProtectKernelDefaults: v.Bool("protect-kernel-defaults"),
		MaskedArgs:            v.Masked(),
	}
	var err error
	if n.Name, err = nodeName(v); err != nil {
		return n, err
	}
	if n.IP, err = nodeIP(v.List("node-ip")); err != nil {
		return n, err
	}
	if n.Token, err = secretFrom(v, "token", "token-file"); err != nil {
		return n, err
	}
	if v.Command == "agent" {
		if n.ServerURL == "" {
			return n, errors.New("--server is required")
		}
		if n.Token == "" {
			return n, errors.New("--token is required")
		}
	}
	return n, nil
}

func nodeName(v *flags.Values) (string, error) {
	name := v.String("node-name")
	if name == "" {
		host, err := os.Hostname()
		if err != nil {
			return "", err
		}
		name = host
	}
	if v.Bool("with-node-id") {
		id, err := readOrCreate(filepath.Join(NodeDir, "id"), func() string { return jointoken.Random(4) }, 0o644)
		if err != nil {
			return "", err
		}
		name += "-" + id
	}
	return strings.ToLower(name), nil
}

// nodeIP chooses the IPv4 address; both forms of a list, repeated and comma separated, are taken.
func nodeIP(given []string) (string, error) {
	for _, text := range given {
		for part := range strings.SplitSeq(text, ",") {
			ip := net.ParseIP(strings.TrimSpace(part))
			if ip == nil {
				return "", fmt.Errorf("invalid node-ip: invalid ip format '%s'", part)
			}
			if ip.To4() != nil {
				return ip.String(), nil
			}
		}
	}
	if len(given) > 0 {
		return "", errors.New("node-ip: this stand-in has IPv4 only")
	}
	ip, err := utilnet.ChooseHostInterface()
	if err != nil {
		return "", fmt.Errorf("no node-ip given and none found: %w", err)
	}
	return ip.String(), nil
}

// NodePassword is this machine's password, made at first use; clusters remember its hash.
func NodePassword() (string, error) {
	return readOrCreate(filepath.Join(NodeDir, "password"), func() string { return jointoken.Random(16) }, 0o600)
}

func readOrCreate(path string, create func() string, mode os.FileMode) (string, error) {
	if data, err := os.ReadFile(path); err == nil {
		return strings.TrimSpace(string(data)), nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	value := create()
	return value, os.WriteFile(path, []byte(value+"\n"), mode)
}

// secretFrom reads an option that may also be given as the name of a file.
func secretFrom(v *flags.Values, option, fileOption string) (string, error) {
	if value := v.String(option); value != "" {
		return value, nil
	}
	path := v.String(fileOption)
	if path == "" {
		return "", nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	value := strings.TrimSpace(string(data))
	if value == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return value, nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

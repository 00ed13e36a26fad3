// Package server runs a control plane: etcd, the API server with the supervisor in front, controllers, scheduler, and the manifests it deploys.
package server

import (
	"os"

	"k3s-tool.lab/k3s/internal/pki"
	"k3s-tool.lab/k3s/internal/settings"
)

// authorities are the cluster's certificate authorities.
type authorities struct {
	server, client, requestHeader, etcdServer, etcdPeer *pki.Authority
}

// authorityFiles are the names, below server/tls, that all servers of a cluster must share.
var authorityFiles = []string{"server-ca", "client-ca", "request-header-ca", "etcd/server-ca", "etcd/peer-ca"}

func ensureAuthorities(s settings.Server) (a authorities, err error) {
	targets := map[string]**pki.Authority{
		"server-ca": &a.server, "client-ca": &a.client, "request-header-ca": &a.requestHeader,
		"etcd/server-ca": &a.etcdServer, "etcd/peer-ca": &a.etcdPeer,
	}
	names := map[string]string{
		"server-ca": "k3s-server-ca", "client-ca": "k3s-client-ca", "request-header-ca": "k3s-request-header-ca",
		"etcd/server-ca": "etcd-server-ca", "etcd/peer-ca": "etcd-peer-ca",
	}
	for _, file := range authorityFiles {
		if *targets[file], err = pki.EnsureAuthority(s.TLS(file), names[file]); err != nil {
			return a, err
		}
	}
	// The controller manager's signers take one certificate, not a chain.
	for file, by := range map[string]*pki.Authority{"client-ca": a.client, "server-ca": a.server} {
		if err := os.WriteFile(s.TLS(file+".nochain.crt"), by.PEM, 0o644); err != nil {
			return a, err
		}
	}
	return a, nil
}

// ensureCertificates makes what the control plane's own parts show each other.
func ensureCertificates(s settings.Server, node settings.Node, a authorities) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	serving := append([]string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + s.ClusterDomain, "localhost", host, node.Name,
		"127.0.0.1", "::1", s.APIServiceIP(), node.IP, s.AdvertiseAddress, node.ExternalIP,
	}, s.TLSSANs...)
	etcdNames := []string{"localhost", host, node.Name, "127.0.0.1", "::1", node.IP}
	client := func(name string, groups ...string) pki.Subject {
		return pki.Subject{Name: name, Groups: groups, Client: true}
	}
	for _, c := range []struct {
		by      *pki.Authority
		file    string
		subject pki.Subject
	}{
		{a.server, "serving-kube-apiserver", pki.Subject{Name: "k3s", Groups: []string{"k3s"}, Names: serving, Server: true}},
		{a.client, "client-admin", client("system:admin", "system:masters")},
		{a.client, "client-supervisor", client("system:k3s-supervisor", "system:masters")},
		{a.client, "client-kube-apiserver", client("system:apiserver", "system:masters")},
		{a.client, "client-controller", client("system:kube-controller-manager")},
		{a.client, "client-scheduler", client("system:kube-scheduler")},
		{a.requestHeader, "client-auth-proxy", client("system:auth-proxy")},
		{a.etcdServer, "etcd/client", client("etcd-client")},
		{a.etcdServer, "etcd/server-client", pki.Subject{Name: "etcd-server", Names: etcdNames, Server: true, Client: true}},
		{a.etcdPeer, "etcd/peer-server-client", pki.Subject{Name: "etcd-peer", Names: etcdNames, Server: true, Client: true}},
	} {
		if err := c.by.EnsureLeaf(s.TLS(c.file), c.subject); err != nil {
			return err
		}
	}
	_, err = pki.EnsureKey(s.TLS("service.key"))
	return err
}

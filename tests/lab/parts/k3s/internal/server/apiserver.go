package server

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"

	"k3s-tool.lab/k3s/internal/settings"
)

// runAPIServer runs upstream's API server in this process, so that one listener serves it and, before its own filters, the
// supervisor. It returns when the context ends or the API server fails.
func runAPIServer(ctx context.Context, s settings.Server, front func(http.Handler) http.Handler) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(s.BindAddress, fmt.Sprint(s.HTTPSPort)))
	if err != nil {
		return err
	}
	run := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range run.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(append(apiServerArgs(s), extraArgs(s.APIServerArgs)...)); err != nil {
		return fmt.Errorf("kube-apiserver: %w", err)
	}
	run.SecureServing.Listener = listener
	if err := run.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	completed, err := run.Complete(ctx)
	if err != nil {
		return err
	}
	if problems := completed.Validate(); len(problems) != 0 {
		return fmt.Errorf("kube-apiserver: %w", utilerrors.NewAggregate(problems))
	}
	config, err := app.NewConfig(completed)
	if err != nil {
		return err
	}
	build := config.Aggregator.GenericConfig.BuildHandlerChainFunc
	config.Aggregator.GenericConfig.BuildHandlerChainFunc = func(api http.Handler, c *genericapiserver.Config) http.Handler {
		return front(build(api, c))
	}
	ready, err := config.Complete()
	if err != nil {
		return err
	}
	chain, err := app.CreateServerChain(ready)
	if err != nil {
		return err
	}
	prepared, err := chain.PrepareRun()
	if err != nil {
		return err
	}
	return prepared.Run(ctx)
}

// apiServerArgs follows k3s's own choices (k3s-io/k3s pkg/daemons/control/server.go).
func apiServerArgs(s settings.Server) []string {
	issuer := "https://kubernetes.default.svc." + s.ClusterDomain
	return append(storageArgs(s), []string{
		"--advertise-address=" + s.AdvertiseAddress,
		"--secure-port=" + fmt.Sprint(s.HTTPSPort),
		"--allow-privileged=true",
		"--anonymous-auth=false",
		"--api-audiences=" + issuer + ",k3s",
		"--authorization-mode=Node,RBAC",
		"--client-ca-file=" + s.TLS("client-ca.crt"),
		"--enable-admission-plugins=NodeRestriction",
		"--enable-aggregator-routing=true",
		"--enable-bootstrap-token-auth=true",
		"--kubelet-certificate-authority=" + s.TLS("server-ca.crt"),
		"--kubelet-client-certificate=" + s.TLS("client-kube-apiserver.crt"),
		"--kubelet-client-key=" + s.TLS("client-kube-apiserver.key"),
		"--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
		"--profiling=false",
		"--proxy-client-cert-file=" + s.TLS("client-auth-proxy.crt"),
		"--proxy-client-key-file=" + s.TLS("client-auth-proxy.key"),
		"--requestheader-allowed-names=system:auth-proxy",
		"--requestheader-client-ca-file=" + s.TLS("request-header-ca.crt"),
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + s.TLS("service.key"),
		"--service-account-signing-key-file=" + s.TLS("service.key"),
		"--service-cluster-ip-range=" + s.ServiceCIDR,
		"--service-node-port-range=" + s.NodePortRange,
		"--tls-cert-file=" + s.TLS("serving-kube-apiserver.crt"),
		"--tls-private-key-file=" + s.TLS("serving-kube-apiserver.key"),
	}...)
}

func storageArgs(s settings.Server) []string {
	var encrypted []string
	if s.EncryptSecrets {
		encrypted = []string{"--encryption-provider-config=" + encryptionConfig(s), "--encryption-provider-config-automatic-reload=true"}
	}
	if s.SharesDatabase() {
		args := append(encrypted, "--etcd-servers="+strings.Join(s.Database.Endpoints, ","))
		for name, file := range map[string]string{"cafile": s.Database.CA, "certfile": s.Database.Certificate, "keyfile": s.Database.Key} {
			if file != "" {
				args = append(args, "--etcd-"+name+"="+file)
			}
		}
		return args
	}
	if !s.Etcd() {
		return append(encrypted, "--etcd-servers=unix://"+kineSocket(s))
	}
	return append(encrypted, []string{
		"--etcd-servers=" + localEtcd,
		"--etcd-cafile=" + s.TLS("etcd/server-ca.crt"),
		"--etcd-certfile=" + s.TLS("etcd/client.crt"),
		"--etcd-keyfile=" + s.TLS("etcd/client.key"),
	}...)
}

// controllerArgs is the controller manager's command line; one server alone needs no leader election.
func controllerArgs(s settings.Server) []string {
	kubeconfig := credential(s, "controller")
	return append([]string{
		"--allocate-node-cidrs=true",
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--cluster-cidr=" + s.ClusterCIDR,
		"--cluster-signing-kube-apiserver-client-cert-file=" + s.TLS("client-ca.nochain.crt"),
		"--cluster-signing-kube-apiserver-client-key-file=" + s.TLS("client-ca.key"),
		"--cluster-signing-kubelet-client-cert-file=" + s.TLS("client-ca.nochain.crt"),
		"--cluster-signing-kubelet-client-key-file=" + s.TLS("client-ca.key"),
		"--cluster-signing-kubelet-serving-cert-file=" + s.TLS("server-ca.nochain.crt"),
		"--cluster-signing-kubelet-serving-key-file=" + s.TLS("server-ca.key"),
		"--cluster-signing-legacy-unknown-cert-file=" + s.TLS("server-ca.nochain.crt"),
		"--cluster-signing-legacy-unknown-key-file=" + s.TLS("server-ca.key"),
		"--controllers=*,tokencleaner",
		"--kube-api-burst=400", // the default makes the controllers' start take 4 s longer
		"--kube-api-qps=200",
		"--kubeconfig=" + kubeconfig,
		"--leader-elect=" + fmt.Sprint(s.Etcd() || s.SharesDatabase()),
		"--profiling=false",
		"--root-ca-file=" + s.TLS("server-ca.crt"),
		"--secure-port=10257",
		"--service-account-private-key-file=" + s.TLS("service.key"),
		"--service-cluster-ip-range=" + s.ServiceCIDR,
		"--use-service-account-credentials=true",
	}, extraArgs(s.ControllerArgs)...)
}

func schedulerArgs(s settings.Server) []string {
	kubeconfig := credential(s, "scheduler")
	return append([]string{
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--kubeconfig=" + kubeconfig,
		"--leader-elect=" + fmt.Sprint(s.Etcd() || s.SharesDatabase()),
		"--profiling=false",
		"--secure-port=10259",
	}, extraArgs(s.SchedulerArgs)...)
}

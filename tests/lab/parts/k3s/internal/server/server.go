package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"k3s-tool.lab/k3s/internal/agent"
	"k3s-tool.lab/k3s/internal/child"
	"k3s-tool.lab/k3s/internal/files"
	"k3s-tool.lab/k3s/internal/manifests"
	"k3s-tool.lab/k3s/internal/settings"
	"k3s-tool.lab/k3s/internal/supervisor"
	"k3s-tool.lab/k3s/internal/tokens"
)

const readyPoll = 50 * time.Millisecond

// Run runs the server, and the node it is on, until the context ends or a part fails; ready is called when the API answers.
func Run(ctx context.Context, s settings.Server, node settings.Node, ready func()) error {
	if s.ClusterReset {
		return resetCluster(ctx, s, node)
	}
	wasReset := files.Exists(resetFlag(s))
	if err := os.Remove(resetFlag(s)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var joining *agent.Client
	if s.JoinURL != "" && !s.SharesDatabase() {
		var err error
		if joining, err = fetchBootstrap(ctx, s); err != nil {
			return err
		}
	}
	store, err := newDatastore(s, node)
	if err != nil {
		return err
	}
	// the datastore ends after what writes to it
	storeContext, stopStore := context.WithCancel(context.WithoutCancel(ctx))
	defer func() {
		stopStore()
		store.awaitStop()
	}()
	if !s.Etcd() {
		if err := store.start(storeContext, ""); err != nil {
			return err
		}
		if err := store.lockBootstrap(ctx); err != nil {
			return err
		}
		if _, err := store.reconcile(ctx); err != nil {
			return err
		}
	}
	ca, err := ensureAuthorities(s)
	if err != nil {
		return err
	}
	join, err := tokens.Load(s, ca.server.PEM)
	if err != nil {
		return err
	}
	if err := errors.Join(ensureCertificates(s, node, ca), ensureEncryption(s)); err != nil {
		return err
	}
	if err := errors.Join(writeComponentKubeconfigs(s), writeAdminKubeconfig(s)); err != nil {
		return err
	}
	initial := ""
	if joining != nil && !s.EtcdInitialized() {
		if initial, err = store.join(ctx, joining, node.Name); err != nil {
			return fmt.Errorf("ETCD join failed: %w", err)
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	apiReady := make(chan struct{})
	node.ServerURL = localURL(s)
	node.Token = "K10::node:" + join.Get().Server
	if !s.DisableAgent {
		group.Go(func() error { return agent.Run(ctx, node, agent.Options{APIReady: apiReady, Joined: func() {}}) })
	}
	if s.Etcd() {
		if err := store.start(storeContext, initial); err != nil {
			return err
		}
		// the real program looks before it starts etcd
		changed, err := store.reconcile(ctx)
		if err != nil {
			return err
		}
		if changed {
			return errors.New("bootstrap data on disk was updated from the datastore")
		}
		go store.promote(ctx)
	}
	if err := saveBootstrap(ctx, store.client, s, join.Get().Server); err != nil {
		return fmt.Errorf("failed to save bootstrap data: %w", err)
	}
	var kube atomic.Pointer[kubernetes.Clientset]
	keys := &encryption{
		settings: s, node: node.Name, client: func() kubernetes.Interface { return kube.Load() },
		save: func(ctx context.Context) error { return replaceBootstrap(ctx, store.client, s, join.Latest()) },
	}
	front := &supervisor.Supervisor{
		ServerCA: ca.server, ClientCA: ca.client, Cluster: s.Cluster, Passwords: join.Get,
		Kube: func() kubernetes.Interface {
			if client := kube.Load(); client != nil {
				return client
			}
			return nil
		},
		APIServers: func(ctx context.Context) ([]string, error) { return apiServers(ctx, kube.Load()) },
		Rotate: func(ctx context.Context, token string) error {
			return errors.Join(join.Rotate(token), replaceBootstrap(ctx, store.client, s, token))
		},
		EncryptionStatus: func(ctx context.Context) (any, error) { return keys.status(ctx) },
		Encrypt: func(body []byte) error {
			var request encryptionRequest
			if err := json.Unmarshal(body, &request); err != nil {
				return err
			}
			return keys.request(ctx, request)
		},
		Node: node.Name,
	}
	if s.Etcd() {
		front.Bootstrap = func(ctx context.Context) ([]byte, error) { return bootstrapData(ctx, store.client, s, join.Latest()) }
		front.Members = store.list
	}
	group.Go(func() error {
		return runAPIServer(ctx, s, func(api http.Handler) http.Handler { return front.Handler(api) })
	})
	group.Go(func() error {
		client, config, err := waitForAPI(ctx, s)
		if err != nil {
			return err
		}
		if wasReset {
			forgetPassword(ctx, client, node.Name)
		}
		kube.Store(client)
		close(apiReady)
		ready()
		return runControllers(ctx, group, s, node, store, client, config)
	})
	return child.WaitFor(ctx, group)
}

// runControllers starts what works through the API.
func runControllers(ctx context.Context, group *errgroup.Group, s settings.Server, node settings.Node, store *datastore, client *kubernetes.Clientset, config *rest.Config) error {
	run := func(name string, args []string) {
		group.Go(func() error {
			return child.Run(ctx, child.Spec{Name: name, Args: append([]string{"internal:" + name}, args...)})
		})
	}
	run("kube-controller-manager", controllerArgs(s))
	if !s.DisableScheduler {
		run("kube-scheduler", schedulerArgs(s))
	}
	group.Go(func() error { return watchNodes(ctx, client, store, !slices.Contains(s.Disable, "coredns")) })
	group.Go(func() error { return manifests.Deploy(ctx, config, s) })
	if s.Etcd() {
		go store.reportVoters(ctx, client)
	}
	if s.DisableAgent {
		return nil
	}
	return labelServer(ctx, client, s, node, store)
}

// waitForAPI waits until the API server says that it is ready.
func waitForAPI(ctx context.Context, s settings.Server) (*kubernetes.Clientset, *rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", credential(s, "supervisor"))
	if err != nil {
		return nil, nil, err
	}
	config.QPS, config.Burst = 100, 200
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, err
	}
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		data, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(attempt)
		cancel()
		if err == nil && string(data) == "ok" {
			return client, config, nil
		}
		select {
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		case <-time.After(readyPoll):
		}
	}
}

// extraArgs turns "name=value" into "--name=value".
func extraArgs(given []string) []string {
	out := make([]string, 0, len(given))
	for _, arg := range given {
		out = append(out, "--"+strings.TrimLeft(arg, "-"))
	}
	return out
}

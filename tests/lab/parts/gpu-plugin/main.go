// The program gpu-plugin stands in for NVIDIA's device plugin on the lab's hosts, which have no card.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

const (
	cardsFile = "/run/nvidia-cards"
	endpoint  = "nvidia-gpu.sock"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Getenv("CONFIG_FILE")); err != nil && ctx.Err() == nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("unable to load config: %w", err)
	}
	shares, err := replicas(text)
	if err != nil {
		return fmt.Errorf("unable to load config: %s: %w", file, err)
	}
	cards, err := os.ReadFile(cardsFile)
	if err != nil {
		return fmt.Errorf("Failed to initialize NVML: ERROR_LIBRARY_NOT_FOUND (%w)", err) //nolint:staticcheck // NVIDIA's words
	}
	p := &plugin{devices: devices(strings.Fields(string(cards)), shares)}
	for ctx.Err() == nil {
		if err := serve(ctx, p); err != nil {
			return err
		}
		log.Print("the kubelet was restarted: registering again")
	}
	return nil
}

// serve offers the devices until the kubelet removes the socket, as it does when it starts (pkg/kubelet/cm/devicemanager).
func serve(ctx context.Context, p *plugin) error {
	socket := filepath.Join(api.DevicePluginPath, endpoint)
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	defer server.Stop()
	api.RegisterDevicePluginServer(server, p)
	go func() { _ = server.Serve(listener) }()
	if err := register(ctx); err != nil {
		return err
	}
	log.Printf("registered %d devices of %s", len(p.devices), resource)
	for ticker := time.NewTicker(time.Second); ; {
		select {
		case <-ctx.Done():
			ticker.Stop()
			return nil
		case <-ticker.C:
			if _, err := os.Stat(socket); os.IsNotExist(err) {
				ticker.Stop()
				return nil
			}
		}
	}
}

func register(ctx context.Context) error {
	connection, err := grpc.NewClient("unix://"+api.KubeletSocket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = api.NewRegistrationClient(connection).Register(ctx, &api.RegisterRequest{
		Version: api.Version, Endpoint: endpoint, ResourceName: resource,
	}, grpc.WaitForReady(true))
	return err
}

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// plugin offers the shares of all cards.
type plugin struct {
	api.UnimplementedDevicePluginServer
	devices []*api.Device
}

// devices is one for each share of each card.
func devices(cards []string, shares int) []*api.Device {
	var all []*api.Device
	for _, card := range cards {
		for i := range shares {
			name := card
			if shares > 1 {
				name = fmt.Sprintf("%s::%d", card, i)
			}
			all = append(all, &api.Device{ID: name, Health: api.Healthy})
		}
	}
	return all
}

// cardsOf names the cards that shares belong to.
func cardsOf(shares []string) string {
	var cards []string
	for _, share := range shares {
		card, _, _ := strings.Cut(share, "::")
		cards = append(cards, card)
	}
	slices.Sort(cards)
	return strings.Join(slices.Compact(cards), ",")
}

func (p *plugin) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return &api.DevicePluginOptions{}, nil
}

// ListAndWatch tells all devices once: no card of the lab fails.
func (p *plugin) ListAndWatch(_ *api.Empty, stream grpc.ServerStreamingServer[api.ListAndWatchResponse]) error {
	if err := stream.Send(&api.ListAndWatchResponse{Devices: p.devices}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

func (p *plugin) Allocate(_ context.Context, request *api.AllocateRequest) (*api.AllocateResponse, error) {
	response := &api.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		response.ContainerResponses = append(response.ContainerResponses, &api.ContainerAllocateResponse{
			Envs: map[string]string{"NVIDIA_VISIBLE_DEVICES": cardsOf(container.DevicesIds)},
		})
	}
	return response, nil
}

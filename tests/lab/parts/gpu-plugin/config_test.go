package main

import (
	"slices"
	"testing"
)

func TestReplicas(t *testing.T) {
	slices4 := "version: v1\nsharing:\n  timeSlicing:\n    resources:\n      - {name: nvidia.com/gpu, replicas: 4}\n"
	for text, want := range map[string]int{"version: v1\n": 1, `{"version": "v1"}`: 1, slices4: 4} {
		if got, err := replicas([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "version: v2\n", "version: v1\nsharing: {timeSlices: {}}\n", "version: v1\nsharing: {timeSlicing: {resources: [{name: nvidia.com/gpu, replicas: 0}]}}\n"} {
		if got, err := replicas([]byte(text)); err == nil {
			t.Errorf("%q gave %d", text, got)
		}
	}
}

func TestDevices(t *testing.T) {
	names := func(shares int) (found []string) {
		for _, device := range devices([]string{"GPU-a", "GPU-b"}, shares) {
			found = append(found, device.ID)
		}
		return found
	}
	if got := names(1); !slices.Equal(got, []string{"GPU-a", "GPU-b"}) {
		t.Error(got)
	}
	if got := names(2); !slices.Equal(got, []string{"GPU-a::0", "GPU-a::1", "GPU-b::0", "GPU-b::1"}) {
		t.Error(got)
	}
	if got := cardsOf([]string{"GPU-b::1", "GPU-b::0", "GPU-a"}); got != "GPU-a,GPU-b" {
		t.Error(got)
	}
}

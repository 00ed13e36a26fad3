package main

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

const resource = "nvidia.com/gpu"

type config struct {
	Version string `json:"version"`
	Sharing struct {
		TimeSlicing struct {
			Resources []struct {
				Name     string `json:"name"`
				Replicas int    `json:"replicas"`
			} `json:"resources"`
		} `json:"timeSlicing"`
	} `json:"sharing"`
}

// replicas reads how many containers share a card from the text of a configuration file. Keys that NVIDIA's does not have are refused.
func replicas(text []byte) (int, error) {
	var c config
	if err := yaml.UnmarshalStrict(text, &c); err != nil {
		return 0, err
	}
	if c.Version != "v1" {
		return 0, fmt.Errorf("unknown version: %v", c.Version)
	}
	count := 1
	for _, r := range c.Sharing.TimeSlicing.Resources {
		if r.Replicas < 1 {
			return 0, fmt.Errorf("number of replicas must be > 0")
		}
		if r.Name == resource {
			count = r.Replicas
		}
	}
	return count, nil
}

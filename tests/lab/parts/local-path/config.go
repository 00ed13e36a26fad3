// Package localpath is what the lab knows of local-path-provisioner: its configuration, and the objects that it makes of it.
package localpath

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
)

// NonListedNodes is the name under which paths of all other nodes are given.
const NonListedNodes = "DEFAULT_PATH_FOR_NON_LISTED_NODES"

// NodePaths are the directories of a node.
type NodePaths struct {
	Node  string   `json:"node"`
	Paths []string `json:"paths"`
}

// Places are where volumes of a class may be.
type Places struct {
	NodePathMap          []NodePaths `json:"nodePathMap"`
	SharedFileSystemPath string      `json:"sharedFileSystemPath"`
}

// Config is config.json.
type Config struct {
	Places
	StorageClassConfigs map[string]Places `json:"storageClassConfigs"`
}

// ReadConfig reads and checks config.json.
func ReadConfig(text []byte) (*Config, error) {
	var config Config
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, err
	}
	if len(config.StorageClassConfigs) == 0 {
		return &config, config.Places.check()
	}
	for name, places := range config.StorageClassConfigs {
		if err := places.check(); err != nil {
			return nil, fmt.Errorf("config for class %s is invalid: %w", name, err)
		}
	}
	return &config, nil
}

func (p Places) check() error {
	nodes := map[string]bool{}
	for _, entry := range p.NodePathMap {
		if nodes[entry.Node] {
			return fmt.Errorf("duplicate node %v", entry.Node)
		}
		nodes[entry.Node] = true
		paths := map[string]bool{}
		for _, path := range entry.Paths {
			if !filepath.IsAbs(path) {
				return fmt.Errorf("path must start with / for path %v on node %v", path, entry.Node)
			}
			if clean := filepath.Clean(path); clean == "/" || paths[clean] {
				return fmt.Errorf("cannot use %v on node %v: it is / or given twice", path, entry.Node)
			} else {
				paths[clean] = true
			}
		}
	}
	return nil
}

// PlacesOf are those of a storage class. With storageClassConfigs a class that is not listed has none.
func (c *Config) PlacesOf(class string) (Places, error) {
	if len(c.StorageClassConfigs) == 0 {
		return c.Places, nil
	}
	places, ok := c.StorageClassConfigs[class]
	if !ok {
		return Places{}, fmt.Errorf("BUG: Got request for unexpected storage class %s", class)
	}
	return places, nil
}

// Shared tells whether the volumes are on a file system that all nodes have.
func (p Places) Shared() (bool, error) {
	switch {
	case p.SharedFileSystemPath != "" && len(p.NodePathMap) != 0:
		return false, fmt.Errorf("both nodePathMap and sharedFileSystemPath are defined")
	case len(p.NodePathMap) != 0:
		return false, nil
	case p.SharedFileSystemPath != "":
		return true, nil
	}
	return false, fmt.Errorf("both nodePathMap and sharedFileSystemPath are unconfigured")
}

// PathOn chooses the directory of a volume on a node; requested is the class's nodePath.
func (p Places) PathOn(node, requested string) (string, error) {
	shared, err := p.Shared()
	if err != nil || shared {
		return p.SharedFileSystemPath, err
	}
	at := slices.IndexFunc(p.NodePathMap, func(entry NodePaths) bool { return entry.Node == node })
	if at < 0 {
		at = slices.IndexFunc(p.NodePathMap, func(entry NodePaths) bool { return entry.Node == NonListedNodes })
	}
	if at < 0 {
		return "", fmt.Errorf("config doesn't contain node %v, and no %v available", node, NonListedNodes)
	}
	paths := p.NodePathMap[at].Paths
	if len(paths) == 0 {
		return "", fmt.Errorf("no local path available on node %v", node)
	}
	if requested == "" {
		return paths[rand.IntN(len(paths))], nil
	}
	if !slices.Contains(paths, requested) {
		return "", fmt.Errorf("config doesn't contain path %v on node %v", requested, node)
	}
	return requested, nil
}

package flags

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readFiles reads config.yaml and then config.yaml.d/*.yaml in alphabetical order. A key in a later file replaces the earlier
// value; written as `key+` its values are appended (k3s-io/docs, docs/installation/configuration.md).
func readFiles(path string, mustExist bool) ([]pair, error) {
	files, err := filepath.Glob(path + ".d/*.y*ml")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	if _, err := os.Stat(path); err == nil || mustExist {
		files = append([]string{path}, files...)
	}
	var order []string
	values := map[string][]string{}
	for _, file := range files {
		entries, err := readFile(file)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			key, appends := strings.CutSuffix(e.key, "+")
			if _, known := values[key]; !known {
				order = append(order, key)
			}
			if appends {
				values[key] = append(values[key], e.values...)
			} else {
				values[key] = e.values
			}
		}
	}
	var out []pair
	for _, key := range order {
		for _, value := range values[key] {
			out = append(out, pair{key, value})
		}
	}
	return out, nil
}

type entry struct {
	key    string
	values []string
}

func readFile(path string) ([]entry, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("configuration file %s does not exist", path)
	}
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: expected a mapping of options", path)
	}
	var out []entry
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, node := root.Content[i].Value, root.Content[i+1]
		e := entry{key: key}
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		switch node.Kind {
		case yaml.ScalarNode:
			if node.Tag != "!!null" {
				e.values = []string{node.Value}
			}
		case yaml.SequenceNode:
			for _, item := range node.Content {
				if item.Kind != yaml.ScalarNode {
					return nil, fmt.Errorf("%s:%d: option %s takes plain values", path, item.Line, key)
				}
				e.values = append(e.values, item.Value)
			}
		default:
			return nil, fmt.Errorf("%s:%d: option %s takes a value or a list", path, node.Line, key)
		}
		out = append(out, e)
	}
	return out, nil
}

package flags

import (
	"fmt"
	"os"
	"strings"

	"k3s-tool.lab/k3s/internal/logging"
)

// Undefined is the error for an option that the command does not have.
type Undefined struct{ Name string }

func (e Undefined) Error() string { return "flag provided but not defined: -" + e.Name }

// Parse merges the options of a command: command line over configuration files over environment over defaults. Lists given on the
// command line replace those of the files. An option that the real program does not have is an Undefined error, but for a server's
// configuration files: there the real program warns and skips it (k3s-io/k3s pkg/configfilearg, whose ValidFlags have server and
// etcd-snapshot, but not agent).
func Parse(command string, args []string) (*Values, error) {
	v := &Values{Command: command, set: map[string][]string{}}
	line, err := parseLine(command, args)
	if err != nil {
		return nil, err
	}
	path, explicit := configPath(line)
	fromFiles, err := readFiles(path, explicit)
	if err != nil {
		return nil, err
	}
	for _, p := range fromFiles {
		if err := v.add(p); err != nil {
			return nil, err
		}
	}
	v.override(line)
	v.fillFromEnvironment()
	return v, nil
}

// add takes one option from a configuration file.
func (v *Values) add(p pair) error {
	f, ok := lookup(v.Command, p.name)
	if !ok && v.Command == "server" {
		logging.Warnf("Unknown flag --%s found in config.yaml, skipping", p.name)
		return nil
	}
	if !ok {
		return Undefined{p.name}
	}
	if err := check(f, p.value); err != nil {
		return err
	}
	p.name = f.Name
	v.args = append(v.args, p)
	v.set[f.Name] = append(v.set[f.Name], p.value)
	return nil
}

func (v *Values) override(line []pair) {
	replaced := map[string]bool{}
	for _, p := range line {
		if !replaced[p.name] {
			replaced[p.name] = true
			v.set[p.name] = nil
		}
		v.set[p.name] = append(v.set[p.name], p.value)
		v.args = append(v.args, p)
	}
}

func (v *Values) fillFromEnvironment() {
	for _, f := range Table {
		if _, ok := lookup(v.Command, f.Name); !ok || f.Env == "" || v.IsSet(f.Name) {
			continue
		}
		if value := os.Getenv(f.Env); value != "" && check(f, value) == nil {
			v.set[f.Name] = []string{value}
		}
	}
}

func parseLine(command string, args []string) ([]pair, error) {
	var out []pair
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if !strings.HasPrefix(arg, "-") || arg == "-" {
			return nil, fmt.Errorf("unexpected argument %q", arg)
		}
		name, value, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		f, ok := lookup(command, name)
		if !ok {
			return nil, Undefined{name}
		}
		switch {
		case hasValue:
		case f.Type == Bool:
			value = "true"
		case i+1 < len(args):
			i++
			value = args[i]
		default:
			return nil, fmt.Errorf("flag needs an argument: -%s", name)
		}
		if err := check(f, value); err != nil {
			return nil, err
		}
		out = append(out, pair{f.Name, value})
	}
	return out, nil
}

// configPath tells which configuration file to read and whether it was asked for (then it must exist).
func configPath(line []pair) (path string, explicit bool) {
	if env := os.Getenv("K3S_CONFIG_FILE"); env != "" {
		return env, true
	}
	for _, p := range line {
		if p.name == "config" {
			path, explicit = p.value, true
		}
	}
	if !explicit {
		path = "/etc/rancher/k3s/config.yaml"
	}
	return path, explicit
}

package flags

import (
	"fmt"
	"strconv"
	"time"
)

// Values holds the options of one command after all sources were merged, in the order in which they were given.
type Values struct {
	Command string // "server" or "agent"
	args    []pair // configuration files first, then the command line
	set     map[string][]string
}

type pair struct{ name, value string }

// lookup finds an option of the command by its name or alias.
func lookup(command, name string) (Flag, bool) {
	on := Server
	if command == "agent" {
		on = Agent
	}
	for _, f := range Table {
		if f.On&on != 0 && (f.Name == name || f.Alias == name && name != "") {
			return f, true
		}
	}
	return Flag{}, false
}

// check reads a value as the option's type; the words are those of the real program's command-line library.
func check(f Flag, value string) error {
	var err error
	switch f.Type {
	case Int:
		_, err = strconv.Atoi(value)
	case Bool:
		_, err = strconv.ParseBool(value)
	case Duration:
		_, err = time.ParseDuration(value)
	}
	if err != nil {
		return fmt.Errorf("invalid value %q for flag -%s: parse error", value, f.Name)
	}
	return nil
}

// IsSet tells whether any source gave the option.
func (v *Values) IsSet(name string) bool { return len(v.set[name]) > 0 }

// List returns all values of an option, or its default, or nil.
func (v *Values) List(name string) []string {
	if got := v.set[name]; len(got) > 0 {
		return got
	}
	f, ok := lookup(v.Command, name)
	if !ok || f.Default == "" {
		return nil
	}
	return []string{f.Default}
}

// String returns the last value of an option, or its default.
func (v *Values) String(name string) string {
	all := v.List(name)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// Int returns the option as a number; values were checked when they were read.
func (v *Values) Int(name string) int {
	n, _ := strconv.Atoi(v.String(name))
	return n
}

// Bool returns the option as a truth value; values were checked when they were read.
func (v *Values) Bool(name string) bool {
	b, _ := strconv.ParseBool(v.String(name))
	return b
}

// Set lists the names of all options that were given, without repetition.
func (v *Values) Set() []string {
	var names []string
	seen := map[string]bool{}
	for _, p := range v.args {
		if !seen[p.name] {
			seen[p.name] = true
			names = append(names, p.name)
		}
	}
	return names
}

// secret options are never shown: k3s-io/k3s pkg/nodeconfig/nodeconfig.go
var secret = map[string]bool{
	"token": true, "agent-token": true, "datastore-endpoint": true,
	"etcd-s3-access-key": true, "etcd-s3-secret-key": true, "etcd-s3-session-token": true, "vpn-auth": true,
}

// Masked returns the command and its options as one argument list, secrets replaced, as the k3s.io/node-args annotation shows them.
func (v *Values) Masked() []string {
	out := []string{v.Command}
	for _, p := range v.args {
		value := p.value
		if secret[p.name] {
			value = "********"
		}
		out = append(out, "--"+p.name, value)
	}
	return out
}

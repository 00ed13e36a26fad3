package flags

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The table in Go and the one that names its sources say the same, option by option.
func TestTableEqualsTheSourcedOne(t *testing.T) {
	data, err := os.ReadFile("testdata/flags.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(string(data)) {
		if fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); !strings.HasPrefix(line, "#") {
			if len(fields) != 7 || fields[6] != "docs" && fields[6] != "cmds" {
				t.Errorf("no source: %q", line)
				continue
			}
			want = append(want, strings.Join(fields[:6], "\t"))
		}
	}
	dash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	var got []string
	for _, f := range Table {
		on := map[int]string{Server: "server", Agent: "agent", Server | Agent: "server,agent"}[f.On]
		got = append(got, strings.Join([]string{f.Name, dash(f.Alias), string(f.Type), on, dash(f.Env), dash(f.Default)}, "\t"))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("tables differ\n got: %q\nwant: %q", got, want)
	}
	if len(slices.Compact(got)) != len(Table) {
		t.Error("an option is listed twice")
	}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "config.yaml")
}

func TestMerge(t *testing.T) {
	config := write(t, map[string]string{
		"config.yaml":           "node-label: [a=1]\ntls-san: [one]\ncluster-init: true\ntoken: hidden\nnode-ip: 100.64.0.1\n",
		"config.yaml.d/10.yaml": "node-label+: [b=2]\ntls-san: [two]\n",
		"config.yaml.d/20.yaml": "node-label+: c=3\nwrite-kubeconfig-mode: \"0640\"\n",
	})
	v, err := Parse("server", []string{"--config", config, "-i", "100.64.0.9", "--disable=coredns", "--disable", "traefik"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"node-label": {"a=1", "b=2", "c=3"}, "tls-san": {"two"}, "node-ip": {"100.64.0.9"}, "disable": {"coredns", "traefik"},
		"write-kubeconfig-mode": {"0640"}, "flannel-backend": {"vxlan"}, "cluster-dns": {"10.43.0.10"}, "node-taint": nil,
	} {
		if got := v.List(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if !v.Bool("cluster-init") || v.Bool("disable-agent") || v.Int("https-listen-port") != 6443 {
		t.Error("scalar values were not read")
	}
	if shown := strings.Join(v.Masked(), " "); strings.Contains(shown, "hidden") || !strings.Contains(shown, "--token ********") {
		t.Errorf("token not masked: %s", shown)
	}
}

// A server warns of keys it does not know and goes on; the real program's words for an agent are those of its command-line library.
func TestUnknownKeys(t *testing.T) {
	config := write(t, map[string]string{"config.yaml": "nodeip: 1\nnode-ipp+: [1]\ndisable-apiserver-lb: true\nnode-ip: 100.64.0.1\n"})
	v, err := Parse("server", []string{"--config", config})
	if err != nil || v.String("node-ip") != "100.64.0.1" || strings.Contains(strings.Join(v.Masked(), " "), "nodeip") {
		t.Errorf("%v %v", v.Masked(), err)
	}
	_, err = Parse("agent", []string{"--config", write(t, map[string]string{"config.yaml": "cluster-init: true\n"})})
	if err == nil || err.Error() != "flag provided but not defined: -cluster-init" {
		t.Errorf("%v", err)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct{ command, config, arg string }{
		{"agent", "nodeip: 1\n", ""},
		{"agent", "node-ipp+: [1]\n", ""},
		{"agent", "tls-san: [a]\n", ""},
		{"agent", "cluster-init: true\n", ""},
		{"server", "", "--no-such"},
		{"agent", "", "--cluster-init"},
	} {
		args := []string{"--config", write(t, map[string]string{"config.yaml": c.config})}
		if c.arg != "" {
			args = append(args, c.arg)
		}
		var undefined Undefined
		if _, err := Parse(c.command, args); !errors.As(err, &undefined) {
			t.Errorf("%+v: not refused as undefined: %v", c, err)
		}
	}
	for _, text := range []string{"https-listen-port: many\n", "cluster-init: perhaps\n", "node-label: {a: 1}\n", "- a\n", "a: [\n"} {
		if _, err := Parse("server", []string{"--config", write(t, map[string]string{"config.yaml": text})}); err == nil {
			t.Errorf("accepted %q", text)
		}
	}
	if _, err := Parse("server", []string{"--config", "/nonexistent/config.yaml"}); err == nil {
		t.Error("a configuration file that was asked for must exist")
	}
}

package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"k3s-tool.lab/k3s/internal/flags"
	"k3s-tool.lab/k3s/internal/logging"
	"k3s-tool.lab/k3s/internal/server"
	"k3s-tool.lab/k3s/internal/settings"
)

const snapshotTimeout = 10 * time.Minute

// Snapshot runs `k3s etcd-snapshot save|ls|delete|prune` (k3s-io/docs docs/cli/etcd-snapshot.md).
func Snapshot(args []string) error {
	logging.Setup(false)
	set := flag.NewFlagSet("k3s etcd-snapshot", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	text := func(value string, names ...string) *string {
		target := new(string)
		for _, name := range names {
			set.StringVar(target, name, value, "")
		}
		return target
	}
	dataDir := text("", "data-dir", "d")
	directory := text("", "dir", "etcd-snapshot-dir")
	base := text("on-demand", "name")
	output := text("standard", "output", "o")
	retention := 5
	set.IntVar(&retention, "snapshot-retention", retention, "")
	set.IntVar(&retention, "etcd-snapshot-retention", retention, "")
	// options may stand before the subcommand, too
	if err := set.Parse(args); err != nil {
		return err
	}
	command, rest := "save", set.Args()
	if len(rest) > 0 {
		command, rest = rest[0], rest[1:]
	}
	if err := set.Parse(rest); err != nil {
		return err
	}
	var line []string
	if *dataDir != "" {
		line = append(line, "--data-dir", *dataDir)
	}
	if *directory != "" {
		line = append(line, "--etcd-snapshot-dir", *directory)
	}
	snapshots, err := openSnapshots(line)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), snapshotTimeout)
	defer cancel()
	switch command {
	case "save":
		name, err := snapshots.Save(ctx, *base)
		if err == nil {
			logging.Infof("Snapshot %s saved.", name)
		}
		return err
	case "ls", "list", "l":
		return listSnapshots(snapshots, *output)
	case "delete":
		if set.NArg() == 0 {
			return errors.New("no snapshots given for removal")
		}
		return deleteSnapshots(snapshots, set.Args())
	case "prune":
		return pruneSnapshots(snapshots, *base, retention)
	}
	return fmt.Errorf("k3s etcd-snapshot has no command %q", command)
}

// openSnapshots reads the server's own configuration: the directory may be set there.
func openSnapshots(line []string) (*server.Snapshots, error) {
	values, err := flags.Parse("server", line)
	if err != nil {
		return nil, err
	}
	node, err := settings.NodeFrom(values)
	if err != nil {
		return nil, err
	}
	s, err := settings.ServerFrom(values, node)
	if err != nil {
		return nil, err
	}
	return server.OpenSnapshots(s, node)
}

func listSnapshots(snapshots *server.Snapshots, output string) error {
	all, err := snapshots.List()
	if err != nil {
		return err
	}
	if output == "json" {
		return printSnapshotsJSON(all)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(table, "Name\tLocation\tSize\tCreated")
	for _, s := range all {
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", s.Name, s.Location, s.Size, s.Created.UTC().Format(time.RFC3339))
	}
	return table.Flush()
}

func deleteSnapshots(snapshots *server.Snapshots, names []string) error {
	for _, name := range names {
		if err := snapshots.Delete(name); err != nil {
			return err
		}
		logging.Infof("Snapshot %s deleted.", name)
	}
	return nil
}

// pruneSnapshots keeps the newest of those whose name begins with base.
func pruneSnapshots(snapshots *server.Snapshots, base string, keep int) error {
	all, err := snapshots.List()
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(s server.Snapshot) bool { return !strings.HasPrefix(s.Name, base) })
	var names []string
	for i := 0; i < len(all)-max(keep, 0); i++ {
		names = append(names, all[i].Name)
	}
	return deleteSnapshots(snapshots, names)
}

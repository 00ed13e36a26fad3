package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mvdan.cc/sh/v3/interp"
)

func TestScriptsMakeAndDeleteDirectoriesAndFailWhereTheyEnd(t *testing.T) {
	dir := t.TempDir()
	volume := filepath.Join(dir, "volume")
	t.Setenv("VOL_DIR", volume)
	script := `set -eu
if [ ! -f "${VOL_DIR%/*}/mark" ]; then echo "no mark" >&2; exit 3; fi
mkdir -m 0777 -p "$VOL_DIR"
echo row >> "$VOL_DIR/rows"
cat "$VOL_DIR/rows"`
	var status interp.ExitStatus
	if err := run(context.Background(), []string{"-c", script}); !errors.As(err, &status) || status != 3 {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "script")
	for path, text := range map[string]string{filepath.Join(dir, "mark"): "", file: script} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(context.Background(), []string{file, "-p", volume}); err != nil {
		t.Fatal(err)
	}
	if stat, err := os.Stat(volume); err != nil || stat.Mode().Perm() != 0o777 {
		t.Fatal(stat, err)
	}
	if err := run(context.Background(), []string{"-c", `rm -rf "$VOL_DIR"`}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(volume); !os.IsNotExist(err) {
		t.Fatal("it is still there")
	}
	if err := run(context.Background(), []string{"-c", "chown x y"}); err == nil {
		t.Fatal("a program that is not there fails")
	}
}

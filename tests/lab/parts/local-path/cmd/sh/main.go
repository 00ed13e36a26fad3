// The program sh is a shell with the few programs that scripts of the lab's pods call; busybox in an image that the lab cannot pull.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:])
	var status interp.ExitStatus
	if errors.As(err, &status) {
		os.Exit(int(status))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sh:", err)
		os.Exit(2)
	}
}

// run runs `-c TEXT` or a script with its arguments.
func run(ctx context.Context, args []string) error {
	var source io.Reader
	switch {
	case len(args) > 1 && args[0] == "-c":
		source, args = strings.NewReader(args[1]), args[2:]
	case len(args) > 0:
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		source, args = file, args[1:]
	default:
		return errors.New("usage: sh -c TEXT, or sh FILE")
	}
	script, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(source, "")
	if err != nil {
		return err
	}
	runner, err := interp.New(interp.StdIO(nil, os.Stdout, os.Stderr), interp.Env(expand.ListEnviron(os.Environ()...)),
		interp.Params(append([]string{"--"}, args...)...), interp.ExecHandlers(programs))
	if err != nil {
		return err
	}
	return runner.Run(ctx, script)
}

// programs are those that a script finds.
func programs(interp.ExecHandlerFunc) interp.ExecHandlerFunc {
	return func(ctx context.Context, argv []string) error {
		handler := interp.HandlerCtx(ctx)
		if err := program(ctx, handler.Stdout, argv); err != nil {
			fmt.Fprintf(handler.Stderr, "%s: %v\n", argv[0], err)
			return interp.ExitStatus(1)
		}
		return nil
	}
}

func program(ctx context.Context, out io.Writer, argv []string) error {
	switch strings.Join(argv[:len(argv)-1], " ") {
	case "mkdir -m 0777 -p":
		if err := os.MkdirAll(argv[len(argv)-1], 0o777); err != nil {
			return err
		}
		return os.Chmod(argv[len(argv)-1], 0o777)
	case "rm -rf":
		return os.RemoveAll(argv[len(argv)-1])
	case "cat":
		text, err := os.ReadFile(argv[len(argv)-1])
		_, _ = out.Write(text)
		return err
	case "sleep":
		seconds, err := strconv.Atoi(argv[len(argv)-1])
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(seconds) * time.Second):
		}
		return err
	}
	return errors.New("not in this image")
}

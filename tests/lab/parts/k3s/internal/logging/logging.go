// Package logging writes log lines in the shape of the real program's: time="…" level=… msg="…".
package logging

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
)

// Setup makes the default logger write to standard error.
func Setup(debug bool) {
	level := slog.LevelInfo
	if debug {
		level = slog.LevelDebug
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level, ReplaceAttr: shape})))
}

func shape(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		return slog.String(a.Key, a.Value.Time().Format(time.RFC3339))
	case slog.LevelKey:
		return slog.String(a.Key, strings.Replace(strings.ToLower(a.Value.String()), "error+4", "fatal", 1))
	}
	return a
}

// Debugf logs what is of use only to find a fault.
func Debugf(format string, args ...any) { slog.Debug(fmt.Sprintf(format, args...)) }

// Infof logs a sentence.
func Infof(format string, args ...any) { slog.Info(fmt.Sprintf(format, args...)) }

// Warnf logs a warning.
func Warnf(format string, args ...any) { slog.Warn(fmt.Sprintf(format, args...)) }

// Errorf logs an error.
func Errorf(format string, args ...any) { slog.Error(fmt.Sprintf(format, args...)) }

// Fatal logs the last words of the program and ends it with status 1.
func Fatal(err error) {
	slog.Log(context.Background(), slog.LevelError+4, err.Error())
	os.Exit(1)
}

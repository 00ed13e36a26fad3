package main

import (
	"log"
	"testing"
)

// programTB lets a program use Tailscale's test servers: a failure ends the program, and what is to be
// cleaned up ends with it.
type programTB struct{ *testing.T }

func (programTB) Cleanup(func())            {}
func (programTB) Error(a ...any)            { log.Fatal(a...) }
func (programTB) Errorf(f string, a ...any) { log.Fatalf(f, a...) }
func (programTB) Fatal(a ...any)            { log.Fatal(a...) }
func (programTB) Fatalf(f string, a ...any) { log.Fatalf(f, a...) }
func (programTB) Helper()                   {}
func (programTB) Log(a ...any)              { log.Print(a...) }
func (programTB) Logf(f string, a ...any)   { log.Printf(f, a...) }
func (programTB) Name() string              { return "labnet" }
func (programTB) Failed() bool              { return false }

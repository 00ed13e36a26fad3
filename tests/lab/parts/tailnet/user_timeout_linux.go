package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// unackedLimit is how long sent data may stay unacknowledged before the connection is given up, in ms.
const unackedLimit = 5000

// setUserTimeout is a net.ListenConfig.Control function; accepted connections inherit the option.
func setUserTimeout(_, _ string, conn syscall.RawConn) error {
	var optErr error
	err := conn.Control(func(fd uintptr) {
		optErr = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, unackedLimit)
	})
	if err != nil {
		return err
	}
	return optErr
}

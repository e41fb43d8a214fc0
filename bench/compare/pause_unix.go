//go:build unix

package main

import (
	"os"
	"syscall"
)

// apart puts a child into a process group of its own, so that Ctrl-C reaches this program alone, which then ends them all.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func pause(p *os.Process)  { p.Signal(syscall.SIGSTOP) }
func resume(p *os.Process) { p.Signal(syscall.SIGCONT) }

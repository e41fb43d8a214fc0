//go:build !unix

package main

import (
	"os"
	"syscall"
	"time"
)

func apart() *syscall.SysProcAttr { return nil }

// pause waits until the threads of a player, which spin for a while after their work, have gone to sleep.
func pause(*os.Process)  { time.Sleep(50 * time.Millisecond) }
func resume(*os.Process) {}

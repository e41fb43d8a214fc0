package modelfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPipeIsNotOpened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	_, err := Read(path) // would block for ever if it opened the pipe
	require.ErrorContains(t, err, "has mode p")
	require.ErrorContains(t, Write(path, golden()), "has mode p")
	_, err = Read(os.DevNull)
	require.ErrorContains(t, err, "has mode D")
	require.ErrorContains(t, Write(os.DevNull, golden()), "has mode D")
}

// TestFullDisk runs in a child with a file system of its own, a quarter of a megabyte large, that goes when the child does.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	cmd := child("full", filepath.Join(dir, "m"))
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.Output()
	if err != nil && len(out) == 0 {
		t.Skip("no namespaces here: ", err)
	}
	if reason, skip := strings.CutPrefix(string(out), "skip: "); skip {
		t.Skip(reason)
	}
	require.Equal(t, "ok", string(out))
	require.Empty(t, leftovers(t, filepath.Join(dir, "m")))
}

func init() {
	children["full"] = func(path string) {
		if err := syscall.Mount("tmpfs", filepath.Dir(path), "tmpfs", 0, "size=256k"); err != nil {
			fmt.Print("skip: ", err)
			return
		}
		if err := fullDisk(path); err != nil {
			fmt.Print(err)
			return
		}
		fmt.Print("ok")
	}
}

func fullDisk(path string) error {
	if err := Write(path, golden()); err != nil {
		return err
	}
	if err := Write(path, bulk(1)); !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("writing 512 KiB: got %v, want ENOSPC", err)
	}
	got, err := Read(path)
	if err != nil {
		return err
	}
	if len(got.Tensors) != 2 {
		return fmt.Errorf("the old file has become %v", got)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		return fmt.Errorf("directory holds %v, %v, want the old file", entries, err)
	}
	return Write(path, sample()) // there is room again
}

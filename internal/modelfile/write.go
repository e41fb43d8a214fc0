package modelfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"github.com/nlpodyssey/safetensors"
)

// Write puts f into a model file at path, all of it or nothing: a reader finds the old file or the new one, whole, even if this
// process is killed or the disk is full.
//
// It writes a temporary file beside the target, syncs it to the disk, reads its header back, and renames it. On an error
// the temporary file is removed and the old file is untouched, but for one case: if the directory cannot be synced after the
// rename, the new file is in place and may not survive a power cut. A killed process leaves its temporary file, named
// .harmonium-N.tmp; later writes take another N.
//
// Equal contents give equal bytes, whatever the order of f.Tensors. A symbolic link is followed; anything else at
// path that is not a regular file is refused. A new file has mode 0666 before umask, a replaced one keeps its permissions.
//
// f is not changed. While writing, at most one tensor is held a second time. The cost is that of converting the data twice, of hashing
// and of writing it.
func Write(path string, f *File) error {
	if err := write(path, f); err != nil {
		return fmt.Errorf("modelfile: Write %q: %w", path, err)
	}
	return nil
}

func write(path string, f *File) error {
	target := path
	switch resolved, err := filepath.EvalSymlinks(path); {
	case err == nil:
		target = resolved
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	old, err := os.Lstat(target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && !old.Mode().IsRegular() {
		return fmt.Errorf("has mode %v, want a regular file or none", old.Mode())
	}
	temp, err := stage(filepath.Dir(target), f, old)
	if err != nil {
		return err
	}
	return commit(temp, target)
}

// stage writes f to a new temporary file in dir, durably, and returns its path. If old is not nil, the file gets its permissions.
func stage(dir string, f *File, old fs.FileInfo) (_ string, err error) {
	if err := f.check(); err != nil {
		return "", err
	}
	file, err := createTemp(dir)
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			file.Close()
			os.Remove(file.Name())
		}
	}()
	if old != nil {
		if err := file.Chmod(old.Mode().Perm()); err != nil {
			return "", err
		}
	}
	if err := encode(file, f); err != nil {
		return "", err
	}
	if err := file.Sync(); err != nil {
		return "", err
	}
	// The header is only now known: Read must accept it.
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	if _, err := readLayout(file, info.Size()); err != nil {
		return "", fmt.Errorf("would not be readable: %w", err)
	}
	return file.Name(), file.Close()
}

// encode writes the bytes of the file of a checked f.
func encode(w io.Writer, f *File) error {
	meta := maps.Clone(f.Meta)
	if meta == nil {
		meta = map[string]string{}
	}
	meta[versionKey] = Version

	views := make(map[string]view, len(f.Tensors))
	sorted := make([]*Tensor, len(f.Tensors))
	for i := range f.Tensors {
		sorted[i] = &f.Tensors[i]
	}
	slices.SortFunc(sorted, func(a, b *Tensor) int { return cmp.Compare(a.Name, b.Name) })
	sum := newChecksum(meta, len(sorted))
	for _, t := range sorted {
		v := view{t}
		sum.tensor(t.Name, v.DType(), v.Shape())
		sum.data(v.Data())
		views[t.Name] = v
	}
	meta[checksumKey] = sum.sum()
	return safetensors.SerializeToWriter(views, meta, w)
}

// createTemp creates a file of an unused name. Unlike os.CreateTemp it needs no random number and honours the umask.
func createTemp(dir string) (*os.File, error) {
	const tries = 10000
	for i := range tries {
		name := filepath.Join(dir, fmt.Sprintf(".harmonium-%d.tmp", i))
		file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
	return nil, fmt.Errorf("directory %q holds %d temporary files .harmonium-N.tmp of killed writers", dir, tries)
}

// commit renames the temporary file to target and makes the rename durable.
func commit(temp, target string) error {
	dir, err := os.Open(filepath.Dir(target))
	if err != nil {
		os.Remove(temp)
		return err
	}
	defer dir.Close()
	if err := os.Rename(temp, target); err != nil {
		os.Remove(temp)
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // a directory cannot be synced there
	}
	// Some file systems, most of them networked, cannot sync a directory and say EINVAL: the rename is all they offer.
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("the new file is in place, but may not survive a power cut: %w", err)
	}
	return nil
}

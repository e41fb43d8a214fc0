package kernel

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// Level is a set of instructions that the kernels are written in.
type Level int

const (
	Plain  Level = iota // Go, on every architecture
	AVX2                // assembly for amd64 with AVX2 and FMA
	AVX512              // assembly for amd64 with AVX-512 F, BW, DQ and VL
)

// LevelVariable is the environment variable that forces a level: go, avx2 or avx512. Unset or empty takes the best that the
// processor has.
const LevelVariable = "HARMONIUM_KERNEL"

var levelNames = []string{"go", "avx2", "avx512"}

// String returns the name that LevelVariable takes.
func (l Level) String() string { return levelNames[l] }

// Levels lists what this processor can run, from the plainest to the best.
func Levels() []Level {
	all := []Level{Plain, AVX2, AVX512}
	return all[:best()+1]
}

// Current is the level at work.
func Current() Level { return level }

// Arithmetic names the bits that the level at work makes: runs under equal names give equal numbers. AVX2 and AVX-512 do.
func Arithmetic() string {
	if level == Plain {
		return "go2/" + runtime.GOARCH // the second set of loops in Go: others drew other normals
	}
	return "fma16"
}

var level Level

// init panics where a level is asked for that cannot be had: going on at another would give other bits than were asked for.
func init() {
	l, err := chosen(os.Getenv(LevelVariable), best())
	if err != nil {
		panic(err)
	}
	use(l)
}

// chosen is the level of a name, among those up to best; an empty name means best.
func chosen(name string, best Level) (Level, error) {
	if name == "" {
		return best, nil
	}
	l := Level(slices.Index(levelNames, strings.ToLower(name)))
	switch {
	case l < Plain:
		return 0, fmt.Errorf("kernel: %s is %q, want one of %s", LevelVariable, name, strings.Join(levelNames, ", "))
	case l > best:
		return 0, fmt.Errorf("kernel: %s is %q, but the best that this processor has is %q", LevelVariable, name, best)
	}
	return l, nil
}

// use switches to a level. Only init and tests call it, never beside running kernels.
func use(l Level) {
	level = l
	single, double, hamming = plainTable[float32](), plainTable[float64](), hammingPlain
	plainChosen()
	accelerate(l)
}

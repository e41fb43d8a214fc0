package kernel

import "testing"

// eachLevel runs f as one subtest for each level that this processor has.
func eachLevel(t *testing.T, f func(t *testing.T, l Level)) {
	t.Helper()
	before := Current()
	t.Cleanup(func() { use(before) })
	for _, l := range Levels() {
		t.Run(l.String(), func(t *testing.T) {
			use(l)
			f(t, l)
		})
	}
}

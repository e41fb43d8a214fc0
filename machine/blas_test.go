package machine_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/harmonium-go/harmonium/machine"
)

// useKernels switches to the kernels until the end of the test, and returns the BLAS at work.
func useKernels(t testing.TB) G.BLAS {
	before := G.WhichBLAS()
	t.Cleanup(func() { G.Use(before) })
	machine.UseKernels()
	require.NotEqual(t, before, G.WhichBLAS())
	require.Equal(t, G.WhichBLAS(), G.BLAS(tensor.WhichBLAS()))
	return G.WhichBLAS()
}

// integers are small enough for every product and sum of them to be exact, so that all implementations agree in every bit.
func integers(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(r.IntN(9) - 4)
	}
	return x
}

func TestUseKernelsIsABLAS(t *testing.T) {
	kernels, reference := useKernels(t), gonum.Implementation{}
	r := rand.New(rand.NewPCG(1, 2))
	transposes := []blas.Transpose{blas.NoTrans, blas.Trans, blas.ConjTrans}
	for range 300 {
		m, n, k := r.IntN(20), r.IntN(40), r.IntN(20)
		tA, tB := transposes[r.IntN(3)], transposes[r.IntN(3)]
		lda, ldb, ldc := max(m, k)+1+r.IntN(3), max(n, k)+1, n+1+r.IntN(3)
		alpha, beta := float64(r.IntN(4)-1), float64(r.IntN(4)-1)
		a, b, c := integers(r, 40*lda), integers(r, 40*ldb), integers(r, m*ldc)
		x, y := integers(r, 200), integers(r, 200)
		incX, incY := []int{1, 1, 2, -1}[r.IntN(4)], []int{1, 1, 3}[r.IntN(3)]
		what := fmt.Sprint(tA, tB, m, n, k, alpha, beta, incX, incY)

		want, got := clone(c), clone(c)
		reference.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, want, ldc)
		kernels.Dgemm(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, got, ldc)
		require.Equal(t, want, got, what)
		narrow := narrowed(c)
		kernels.Sgemm(tA, tB, m, n, k, float32(alpha), narrowed(a), lda, narrowed(b), ldb, float32(beta), narrow, ldc)
		require.Equal(t, narrowed(want), narrow, what)

		lenY := m
		if tA != blas.NoTrans {
			lenY = n
		}
		y = y[:max(0, 1+(lenY-1)*incY)]
		ldv := max(lda, n)
		a = integers(r, 21*ldv)
		want, got = clone(y), clone(y)
		reference.Dgemv(tA, m, n, alpha, a, ldv, x, incX, beta, want, incY)
		kernels.Dgemv(tA, m, n, alpha, a, ldv, x, incX, beta, got, incY)
		require.Equal(t, want, got, what)
		narrow = narrowed(y)
		kernels.Sgemv(tA, m, n, float32(alpha), narrowed(a), ldv, narrowed(x), incX, float32(beta), narrow, incY)
		require.Equal(t, narrowed(want), narrow, what)
	}
}

func clone(x []float64) []float64 { return append([]float64(nil), x...) }

func narrowed(x []float64) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = float32(v)
	}
	return out
}

// Wrong arguments panic with gonum's words, before anything is written.
func TestUseKernelsChecksArguments(t *testing.T) {
	kernels, reference := useKernels(t), gonum.Implementation{}
	c := []float64{7, 7, 7, 7, 7, 7}
	for _, call := range []func(b blas.Float64){
		func(b blas.Float64) {
			b.Dgemm('?', blas.NoTrans, 2, 3, 4, 1, make([]float64, 8), 4, make([]float64, 12), 3, 0, c, 3)
		},
		func(b blas.Float64) {
			b.Dgemm(blas.NoTrans, blas.NoTrans, 2, -3, 4, 1, make([]float64, 8), 4, make([]float64, 12), 3, 0, c, 3)
		},
		func(b blas.Float64) {
			b.Dgemm(blas.NoTrans, blas.NoTrans, 2, 3, 4, 1, make([]float64, 8), 3, make([]float64, 12), 3, 0, c, 3)
		},
		func(b blas.Float64) {
			b.Dgemm(blas.NoTrans, blas.Trans, 2, 3, 4, 1, make([]float64, 8), 4, make([]float64, 11), 4, 0, c, 3)
		},
		func(b blas.Float64) {
			b.Dgemm(blas.NoTrans, blas.NoTrans, 2, 3, 4, 1, make([]float64, 8), 4, make([]float64, 12), 3, 2, c[:5], 3)
		},
		func(b blas.Float64) {
			b.Dgemv(blas.NoTrans, 2, 3, 1, make([]float64, 5), 3, make([]float64, 3), 1, 0, c, 1)
		},
		func(b blas.Float64) {
			b.Dgemv(blas.Trans, 2, 3, 1, make([]float64, 6), 3, make([]float64, 1), 1, 0, c, 1)
		},
		func(b blas.Float64) {
			b.Dgemv(blas.Trans, 2, 3, 1, make([]float64, 6), 3, make([]float64, 2), 0, 0, c, 1)
		},
	} {
		var words any
		func() {
			defer func() { words = recover() }()
			call(reference)
		}()
		require.NotNil(t, words)
		require.PanicsWithValue(t, words, func() { call(kernels) })
		require.Equal(t, []float64{7, 7, 7, 7, 7, 7}, c)
	}
}

// Whole graphs of built-in products, with gradients, come out as with gonum on the tape machine.
func TestUseKernelsUnderBuiltInProducts(t *testing.T) {
	for _, dt := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for name, build := range map[string]struct {
			a, b tensor.Shape
			f    func(a, b *G.Node) (*G.Node, error)
		}{
			"Mul":            {tensor.Shape{20, 30}, tensor.Shape{30, 40}, G.Mul},
			"Mul vector":     {tensor.Shape{20, 30}, tensor.Shape{30}, G.Mul},
			"vector Mul":     {tensor.Shape{30}, tensor.Shape{30, 40}, G.Mul},
			"transposed":     {tensor.Shape{20, 30}, tensor.Shape{40, 30}, func(a, b *G.Node) (*G.Node, error) { return G.Mul(a, G.Must(G.Transpose(b))) }},
			"BatchedMatMul":  {tensor.Shape{3, 20, 30}, tensor.Shape{3, 30, 40}, func(a, b *G.Node) (*G.Node, error) { return G.BatchedMatMul(a, b) }},
			"batched, trans": {tensor.Shape{3, 20, 30}, tensor.Shape{3, 40, 30}, func(a, b *G.Node) (*G.Node, error) { return G.BatchedMatMul(a, b, false, true) }},
			"Tensordot":      {tensor.Shape{4, 5, 30}, tensor.Shape{30, 6}, func(a, b *G.Node) (*G.Node, error) { return G.Tensordot([]int{2}, []int{0}, a, b) }},
		} {
			t.Run(fmt.Sprint(name, " ", dt), func(t *testing.T) {
				run := func() []any {
					r := rand.New(rand.NewPCG(3, 4))
					g := G.NewGraph()
					var in G.Nodes
					for i, shape := range []tensor.Shape{build.a, build.b} {
						value := tensor.New(tensor.WithShape(shape...), tensor.Of(dt))
						fill(value, integers(r, shape.TotalSize()))
						in = append(in, G.NewTensor(g, dt, shape.Dims(), G.WithShape(shape...), G.WithName(fmt.Sprint("x", i)), G.WithValue(value)))
					}
					product, err := build.f(in[0], in[1])
					require.NoError(t, err)
					gradients, err := G.Grad(G.Must(G.Sum(product)), in...)
					require.NoError(t, err)
					vm := G.NewTapeMachine(g, G.BindDualValues(in...))
					defer vm.Close()
					require.NoError(t, vm.RunAll())
					out := []any{product.Value().Data()}
					for _, d := range gradients {
						out = append(out, d.Value().Data())
					}
					return out
				}
				want := run()
				useKernels(t)
				require.Equal(t, want, run())
			})
		}
	}
}

func fill(to *tensor.Dense, x []float64) {
	switch data := to.Data().(type) {
	case []float64:
		copy(data, x)
	case []float32:
		copy(data, narrowed(x))
	}
}

// BenchmarkUseKernels times Mul of a batch of 100 with the weights of a layer, 784×500, on the tape machine.
func BenchmarkUseKernels(b *testing.B) {
	for _, name := range []string{"gonum", "kernels"} {
		b.Run(name, func(b *testing.B) {
			if name == "kernels" {
				useKernels(b)
			}
			g := G.NewGraph()
			x := G.NewMatrix(g, tensor.Float32, G.WithShape(100, 784), G.WithName("x"), G.WithInit(G.Ones()))
			w := G.NewMatrix(g, tensor.Float32, G.WithShape(784, 500), G.WithName("w"), G.WithInit(G.Ones()))
			G.Must(G.Mul(x, w))
			vm := G.NewTapeMachine(g)
			defer vm.Close()
			for b.Loop() {
				require.NoError(b, vm.RunAll())
				vm.Reset()
			}
		})
	}
}

package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// products emits the kernels of the matrix products.
func products(c *build.Context) {
	emitters(c, func(e *emitter) {
		narrow, wide := &tile{e, 1, pick(e.wide, 14, 4), nil}, &tile{e, pick(e.wide, 2, 3), pick(e.wide, 14, 4), nil}
		narrow.emit("narrowTile")
		wide.emit("wideTile")
		wide.emitGather()
		e.emitDots(wide.columns())
		e.elements("axpy", "dst x", "alpha", "dst + alpha·x, rounded once", func(x, p []vec) vec {
			e.timesPlus(x[1], p[0], x[0])
			return x[1]
		})
		if !e.wide {
			e.emitTranspose()
		}
	})
}

// tile is a kernel that computes a tile of C, one vector (narrow) or some vectors (wide) across and some rows high. The tile
// stays in registers: for each k the vectors of B's row are loaded, each element of A's column is broadcast, and one fused
// multiply-add goes to each register.
type tile struct {
	*emitter
	vectors int          // across
	highest int          // number of rows that leaves registers for a row of B and an element of A
	inside  reg.Register // mask of the columns of a narrow tile
}

func (t *tile) columns() int { return t.vectors * t.half() / t.size() }

// emit emits the kernel: a body for each number of rows.
func (t *tile) emit(name string) {
	t.function(name, "(rows, cols, k int, a *T, rowStride, colStride int, b *T, ldb int, start *T, ldStart int, c *T, ldc int, alpha T)",
		fmt.Sprintf("computes a tile of 1 to %d rows and %d columns, see tileKernel.", t.highest, t.columns()))
	if t.vectors == 1 {
		t.maskColumns()
	}
	rows := t.argument("rows")
	for n := t.highest; n > 1; n-- {
		t.CMPQ(rows, operand.U8(n))
		t.JEQ(operand.LabelRef(fmt.Sprint("rows", n)))
	}
	for n := 1; n <= t.highest; n++ {
		t.Label(fmt.Sprint("rows", n))
		t.body(n)
	}
}

// body emits the tile of so many rows.
func (t *tile) body(rows int) {
	sums := make([][]reg.VecVirtual, rows)
	start, ldStart := t.argument("start"), t.argument("ldStart")
	for i := range sums {
		sums[i] = t.loadRow(start)
		t.ADDQ(ldStart, start)
	}

	// C is needed after the loop, and rows of B that are far apart are not foreseen by the processor.
	c, ldc := t.argument("c"), t.argument("ldc")
	for range sums {
		t.prefetch(operand.Mem{Base: c})
		t.ADDQ(ldc, c)
	}
	a, step := t.rows("a", "rowStride", rows), t.argument("colStride")
	b, ldb, ahead := t.argument("b"), t.argument("ldb"), t.GP64()
	t.MOVQ(ldb, ahead)
	t.SHLQ(operand.U8(3), ahead)
	k, loop := t.argument("k"), t.label("loop")
	t.Label(loop)
	row := t.loadRow(b)
	t.prefetch(operand.Mem{Base: b, Index: ahead, Scale: 1})
	t.ADDQ(ldb, b)
	for i := range sums {
		t.multiplyAdd(sums[i], row, a.at(i, 0))
	}
	a.advance(func(p reg.Register) { t.ADDQ(step, p) })
	t.DECQ(k)
	t.JNE(operand.LabelRef(loop))

	c, store := t.argument("c"), t.label("store")
	t.jumpIfOne("alpha", store)
	alpha, from := t.register(), t.GP64()
	t.one("VBROADCASTS", t.address("alpha"), alpha)
	t.MOVQ(c, from)
	for i := range sums {
		for v, old := range t.loadRow(from) {
			t.one("VFMADD213P", old, alpha, sums[i][v])
		}
		t.ADDQ(ldc, from)
	}
	t.Label(store)
	for i := range sums {
		t.storeRow(sums[i], c)
		t.ADDQ(ldc, c)
	}
	t.end()
}

// multiplyAdd adds an element times a row to sums. With AVX-512 an instruction can broadcast what it reads; that is best where
// the element is needed once. Else the element gets a register: processors with two units for products would wait for loads.
func (t *tile) multiplyAdd(sums, row []reg.VecVirtual, element operand.Mem) {
	if t.wide && t.vectors == 1 {
		t.instruction(pick(t.double, "VFMADD231PD_BCST", "VFMADD231PS_BCST"), element, row[0], sums[0])
		return
	}
	x := t.register()
	t.one("VBROADCASTS", element, x)
	for v := range sums {
		t.one("VFMADD231P", row[v], x, sums[v])
	}
}

// prefetch asks for a row of the tile.
func (t *tile) prefetch(m operand.Mem) {
	t.PREFETCHT0(m)
	if t.vectors > 1 {
		t.PREFETCHT0(m.Offset(64))
	}
}

func (t *tile) loadRow(from reg.Register) []reg.VecVirtual {
	row := make([]reg.VecVirtual, t.vectors)
	for v := range row {
		row[v] = t.register()
		m := operand.Mem{Base: from, Disp: v * t.half()}
		switch {
		case t.inside == nil:
			t.one("VMOVUP", m, row[v])
		case t.wide:
			t.instruction(pick(t.double, "VMOVUPD_Z", "VMOVUPS_Z"), m, t.inside, row[v])
		default:
			t.one("VMASKMOVP", m, t.inside, row[v])
		}
	}
	return row
}

func (t *tile) storeRow(row []reg.VecVirtual, to reg.Register) {
	for v, x := range row {
		m := operand.Mem{Base: to, Disp: v * t.half()}
		if t.inside == nil {
			t.one("VMOVUP", x, m)
		} else {
			t.one(pick(t.wide, "VMOVUP", "VMASKMOVP"), x, t.inside, m)
		}
	}
}

// maskColumns makes the mask of the first cols columns.
func (t *tile) maskColumns() {
	first := t.first(t.argument("cols"), 1)[0]
	if t.inside = first.k; !t.wide {
		t.inside = first.v[0]
	}
}

// emitGather emits the kernel that copies a panel of B as wide as a tile to where its rows lie side by side.
func (t *tile) emitGather() {
	t.function("gather", "(dst, src *T, ldSrc, rows int)", fmt.Sprintf("copies rows of %d numbers, see gatherKernel.", t.columns()))
	dst, src := t.argument("dst"), t.argument("src")
	ldSrc, rows := t.argument("ldSrc"), t.argument("rows")
	t.Label("row")
	t.storeRow(t.loadRow(src), dst)
	t.ADDQ(ldSrc, src)
	t.ADDQ(operand.U8(t.columns()*t.size()), dst)
	t.DECQ(rows)
	t.JNE(operand.LabelRef("row"))
	t.end()
}

// register returns one fresh vector register.
func (e *emitter) register() reg.VecVirtual {
	if e.wide {
		return e.ZMM()
	}
	return e.YMM()
}

// one emits an instruction on single registers; its name lacks the letter of the precision.
func (e *emitter) one(name string, operands ...operand.Op) {
	e.instruction(name+pick(e.double, "D", "S"), operands...)
}

// argument loads an argument of eight bytes; address is where an argument lies.
func (e *emitter) argument(name string) reg.Register { return e.Load(e.Param(name), e.GP64()) }

func (e *emitter) address(name string) operand.Mem {
	p, err := e.Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return p.Addr
}

// jumpIfOne jumps if an argument is the number 1.
func (e *emitter) jumpIfOne(name, label string) {
	one := e.GP64()
	if e.double {
		e.MOVQ(operand.U64(0x3ff0000000000000), one)
		e.CMPQ(one, e.address(name))
	} else {
		e.MOVL(operand.U32(0x3f800000), one.As32())
		e.CMPL(one.As32(), e.address(name))
	}
	e.JEQ(operand.LabelRef(label))
}

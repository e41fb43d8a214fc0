package kernel

// sumPlain and dotPlain keep four sums, so that an addition need not wait for the one before it.
func sumPlain[T Float](x []T) float64 {
	var s0, s1, s2, s3 float64
	for len(x) >= 4 {
		s0 += float64(x[0])
		s1 += float64(x[1])
		s2 += float64(x[2])
		s3 += float64(x[3])
		x = x[4:]
	}
	for _, v := range x {
		s0 += float64(v)
	}
	return (s0 + s1) + (s2 + s3)
}

func dotPlain[T Float](a, b []T) float64 {
	var s0, s1, s2, s3 float64
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0]) * float64(b[0])
		s1 += float64(a[1]) * float64(b[1])
		s2 += float64(a[2]) * float64(b[2])
		s3 += float64(a[3]) * float64(b[3])
		a, b = a[4:], b[4:]
	}
	for i := range a {
		s0 += float64(a[i]) * float64(b[i])
	}
	return (s0 + s1) + (s2 + s3)
}

func timesZeroPlain[T Float](x []T) T {
	var s0, s1, s2, s3 T
	for len(x) >= 4 {
		s0 += 0 * x[0]
		s1 += 0 * x[1]
		s2 += 0 * x[2]
		s3 += 0 * x[3]
		x = x[4:]
	}
	for _, v := range x {
		s0 += 0 * v
	}
	return (s0 + s1) + (s2 + s3)
}

// softmaxPlain keeps the exponentials in float64 until they are divided.
func softmaxPlain[T Float](dst, x []T) {
	held := borrow[float64](len(x))
	defer giveBack(held)
	exps, top, sum := *held, float64(Max(x)), 0.0
	for j, v := range x { // ∞ − ∞ is NaN, and makes the sum NaN
		exps[j] = exp(float64(v) - top)
		sum += exps[j]
	}
	for j := range dst {
		dst[j] = T(exps[j] / sum)
	}
}

// colSumPlain takes four rows at a time: the sums are read and written once for four additions.
func colSumPlain[T Float](dst, x []T, rows, stride int) {
	held := borrow[float64](len(dst))
	defer giveBack(held)
	sums := *held
	clear(sums)
	i := 0
	for ; i+4 <= rows; i += 4 {
		x0, x1 := x[i*stride:][:len(sums)], x[(i+1)*stride:][:len(sums)]
		x2, x3 := x[(i+2)*stride:][:len(sums)], x[(i+3)*stride:][:len(sums)]
		for j, s := range sums {
			s += float64(x0[j])
			s += float64(x1[j])
			s += float64(x2[j])
			sums[j] = s + float64(x3[j])
		}
	}
	for ; i < rows; i++ {
		for j, v := range x[i*stride:][:len(sums)] {
			sums[j] += float64(v)
		}
	}
	for j, s := range sums {
		dst[j] = T(s)
	}
}

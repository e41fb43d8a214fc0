package kernel
import ("testing";"fmt";"math")
func TestZZ(t *testing.T) {
	for _, l := range Levels() {
		use(l)
		dst := make([]float64, 100000)
		at := Address{1,2,3,4,5}
		Normal(dst, at)
		bad := 0
		for j, z := range dst {
			a, b := boxMuller(wordOf(at, j&^1), wordOf(at, j|1))
			if j%2==1 {a=b}
			if a != z { bad++; if bad < 3 {fmt.Println(j, a, z, math.Float64bits(a)-math.Float64bits(z))} }
		}
		fmt.Println(l, bad)
	}
}

package kernel

import "golang.org/x/sys/cpu"

// accelerateBits takes the assembly of bits_amd64.s.
func accelerateBits(l Level) {
	hamming = hamming64AVX2
	if l == AVX512 && cpu.X86.HasAVX512VPOPCNTDQ {
		hamming = hamming64AVX512
	}
}

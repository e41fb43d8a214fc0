package kernel

//go:generate go run ./asm

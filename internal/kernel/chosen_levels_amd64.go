package kernel

// accelerateChosen takes the assembly of chosen_amd64.s.
func accelerateChosen(l Level) {
	chosenSums, chosenSumsOfFour = chosenSums32AVX2, chosenSumsOfFour32AVX2
	chosenSum, addSigned = chosenSum32AVX2, addSigned32AVX2
	if l == AVX512 {
		chosenSums, chosenSumsOfFour = chosenSums32AVX512, chosenSumsOfFour32AVX512
		chosenSum, addSigned = chosenSum32AVX512, addSigned32AVX512
	}
}

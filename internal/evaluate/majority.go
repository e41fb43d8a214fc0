package evaluate

// Majority is the most frequent class, the smallest of equally frequent ones: what to answer if one looks at nothing. Labels
// are at least 0; of no labels it is 0.
func Majority(labels []int) (class int) {
	var count []int
	for _, label := range labels {
		for len(count) <= label {
			count = append(count, 0)
		}
		count[label]++
	}
	for c, n := range count {
		if n > count[class] {
			class = c
		}
	}
	return class
}

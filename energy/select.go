package energy

// Select returns the units whose columns are marked, in their order: those of one side that are free where others are held, say. mask is
// Len long and marks a OneHot unit whole or not at all, see SplitGroup. With nothing marked it is the zero value, of length 0.
func (u Units) Select(mask []bool) Units {
	var groups []group
	lo := 0
	for _, g := range u.groups {
		width, count := 1, 0
		if g.Family == "OneHot" {
			width = g.States
		}
		for i := lo; i < lo+g.len(); i += width {
			if mask[i] {
				count++
			}
		}
		lo += g.len()
		if g.Count = count; count > 0 {
			groups = append(groups, g)
		}
	}
	if groups == nil {
		return Units{}
	}
	return newUnits(groups...)
}

package energy

// Split returns the units of a side one by one, each as a side of its own: of one column, or of q for a OneHot unit of q states.
func (u Units) Split() []Units {
	var all []Units
	for _, g := range u.groups {
		one := g
		one.Count = 1
		for range g.Count {
			all = append(all, newUnits(one))
		}
	}
	return all
}

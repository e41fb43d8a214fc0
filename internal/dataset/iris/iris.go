// Package iris finds the iris flowers of Fisher and Anderson in the module cache: Gorgonia's module has them among its
// examples.
package iris

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/harmonium-go/harmonium/internal/dataset"
	"github.com/harmonium-go/harmonium/internal/dataset/modulefiles"
)

// module is the version that go.mod names, which the module cache has.
const module = "gorgonia.org/gorgonia@v0.9.18"

// Load reads the 150 flowers: four lengths in centimetres, three species. Errors are those of modulefiles.Dir and
// dataset.ReadTable.
//
// These are the numbers of the UCI repository, which differ from Fisher's in three places; scikit-learn's copy has his.
//
// Source: Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936).
func Load(ctx context.Context) (*dataset.Table, error) {
	dir, err := modulefiles.Dir(ctx, module)
	if err != nil {
		return nil, fmt.Errorf("iris: Load: %w", err)
	}
	return dataset.ReadTable(filepath.Join(dir, "examples", "iris", "iris.csv"))
}

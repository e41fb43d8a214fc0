package energy

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplit(t *testing.T) {
	u := Join(Bernoulli(2), OneHot(2, 3), FixedGaussian(1, 2))
	parts := u.Split()
	require.Equal(t, []Units{Bernoulli(1), Bernoulli(1), OneHot(1, 3), OneHot(1, 3), FixedGaussian(1, 2)}, parts)
	lengths := 0
	for _, p := range parts {
		require.NoError(t, p.Validate())
		lengths += p.Len()
	}
	require.Equal(t, u.Len(), lengths)
	require.Empty(t, Units{}.Split())
}

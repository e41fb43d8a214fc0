package modelfile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnmarshalIsStrict(t *testing.T) {
	var into struct {
		N int `json:"n"`
	}
	require.NoError(t, Unmarshal([]byte(` {"n": 3} `), &into))
	require.Equal(t, 3, into.N)
	for bad, text := range map[string]string{
		`{"n": 3, "m": 4}`: `unknown field "m"`,
		`{"n": 3} {}`:      "there is more behind its end",
		`{"n": "x"}`:       "cannot unmarshal string",
		`{"n": 3`:          "unexpected EOF",
		``:                 "EOF",
	} {
		require.ErrorContains(t, Unmarshal([]byte(bad), &into), text)
	}
}

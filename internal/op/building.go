package op

import "sync"

// Building is held by whoever builds and differentiates a graph while others may: Gorgonia's Grad shares a global node between all graphs.
var Building sync.Mutex

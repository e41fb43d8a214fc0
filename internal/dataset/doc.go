// Package dataset reads and makes the data that tests and examples train on,
// and draws what they learned.
//
// Pictures come from idx files, the format of MNIST and its kin: a big-endian
// header (two zero bytes, the element type, the number of dimensions, then one
// uint32 a dimension) followed by the elements, the last dimension running
// fastest. Only unsigned bytes are read. A grey value g of a file becomes the
// float32 g/255, so pixels lie in [0, 1], 0 being the background of MNIST.
//
// Files are taken to be hostile: memory grows with what a file really holds and
// not with what its header declares, and anything short, long or contradictory
// is an error that names the file and the reason.
//
// Tables (ReadTable) and bags of instances (ReadBags) come from csv files, plain or
// compressed like idx files. BitPatterns, LatchSequences and NewDigitBags make bags.
//
// Package mnist, beside this one, finds MNIST itself.
package dataset

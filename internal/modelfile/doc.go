// Package modelfile keeps a model in one guarded, versioned file: named arrays of float32 or float64, and a
// configuration of strings.
//
// # Format
//
// A file is a safetensors file (https://github.com/huggingface/safetensors), so other tools read it too:
//
//	8 bytes        length n of the header, little endian
//	n bytes        the header: a JSON object; name → {dtype, shape, data_offsets}, and __metadata__ → {string: string}
//	the rest       the data section: the arrays, row major, little endian, without gaps or overlaps
//
// This package adds two metadata keys, which it writes and checks and never shows to the caller:
//
//	harmonium.format    the version of what the rest of the file means; this library reads [Version]
//	harmonium.sha256    the checksum of the content
//
// # Checksum
//
// The checksum is SHA-256, in lower-case hexadecimal, over the content and not over the bytes of the file, so that a tool that writes
// the header in another order keeps it valid. What is hashed, integers being 8 bytes little endian and a string being its
// length in bytes followed by the bytes:
//
//	number of metadata keys without harmonium.sha256; for each key, ascending: key, value
//	number of tensors; for each name, ascending: name, dtype ("F32" or "F64"), rank, extents, the data
//
// It finds damage, not forgery: whoever forges a file can also compute its checksum.
//
// # Limits
//
// A file holds at most 4 GiB and its header at most 1 MiB. A tensor has 1 to 8 axes, each of extent at least 1. Names and
// metadata are valid UTF-8. [Write] refuses what [Read] would refuse.
//
// # What a hostile file can do
//
// It can make [Read] return an error. Read checks the header against the size of the file before it allocates a tensor. So it
// holds at most the tensors, which are no larger than the file, and while the header is being checked a few dozen times the
// header. NaN and infinity are data like any other: whether a model may contain them is for the caller to say.
package modelfile

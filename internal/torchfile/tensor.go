package torchfile

import (
	"fmt"
	"slices"
)

// maxDims is how many dimensions a tensor may have: PyTorch stops there.
const maxDims = 64

// storage is an array of numbers of a file, of which tensors are parts.
type storage struct {
	dtype DType
	key   string
	count int
	data  []byte // in the older format not there until all pickles have been read
}

// tensor is a part of a storage as a pickle describes it.
type tensor struct {
	storage       *storage
	offset        int
	shape, stride []int
}

// GoString keeps the numbers out of the unpickler's errors.
func (s *storage) GoString() string { return "a storage" }

// GoString keeps the shape out of the unpickler's errors.
func (t *tensor) GoString() string { return "a tensor" }

// put adds the tensor under a name. Its numbers have to lie one after the other in
// the storage.
func (b *builder) put(to *[]Tensor, name string, t *tensor) error {
	count, err := t.count()
	if err != nil {
		return fmt.Errorf("tensor %s: %w; %s", quote(name), err, want)
	}
	if t.offset < 0 || t.offset > t.storage.count || count > t.storage.count-t.offset {
		return damaged("tensor %s has %d numbers from number %d on, and its storage %d", quote(name), count, t.offset, t.storage.count)
	}
	size := t.storage.dtype.size()
	if b.bytes += count * size; b.bytes > maxBytes {
		return fmt.Errorf("tensor %s: got tensors of more than %d bytes, parts of the same numbers; %s", quote(name), maxBytes, want)
	}
	from, end := t.offset*size, (t.offset+count)*size
	*to = append(*to, Tensor{Name: name, DType: t.storage.dtype, Shape: t.shape, Data: t.storage.data[from:end:end]})
	return nil
}

// count is how many numbers the tensor has.
func (t *tensor) count() (int, error) {
	if len(t.shape) != len(t.stride) || len(t.shape) > maxDims {
		return 0, fmt.Errorf("got %d sizes and %d strides, want as many, and at most %d", len(t.shape), len(t.stride), maxDims)
	}
	n, step, contiguous := 1, 1, true
	for i, size := range slices.Backward(t.shape) {
		if size < 0 || n > MaxFile/max(size, 1) {
			return 0, fmt.Errorf("shape: got %v, want sizes from 0 on, and no more numbers than a file may have bytes", t.shape)
		}
		contiguous = contiguous && (size == 1 || t.stride[i] == step)
		n *= size
		step *= max(size, 1)
	}
	if n > 1 && !contiguous {
		return 0, fmt.Errorf("got strides %v for the shape %v, want the numbers one after the other: save it .contiguous()", t.stride, t.shape)
	}
	return n, nil
}

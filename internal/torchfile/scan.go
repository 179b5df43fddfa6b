package torchfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// The bounds of one pickle. PyTorch writes some 150 bytes and 35 operations for a
// tensor, and nests six deep for an optimizer.
const (
	maxPickle     = 1 << 20
	maxOperations = 200_000
	maxMarks      = 32
	maxLine       = 1024
)

const (
	opProto = 0x80
	opStop  = '.'
	opMark  = '('
)

// argument is what follows an operation in the stream. Numbers from 0 on are so
// many bytes; the others say how the length is written.
type argument int

const (
	line        argument = -1 - iota // up to the end of the line
	twoLines                         // two of these
	counted1                         // so many bytes as the byte before them says
	counted4                         // … the four bytes …
	counted8                         // … the eight bytes …
	countedLong                      // … the four bytes, of a number; 255 at most
)

// arguments has every operation of protocols 0 to 5 that is carried out.
var arguments = map[byte]argument{
	// Protocols 0 and 1.
	'(': 0, '.': 0, '0': 0, '1': 0, '2': 0, 'N': 0, 'Q': 0, 'R': 0, 'a': 0, 'b': 0, 'd': 0, '}': 0, 'e': 0, 'l': 0, ']': 0, 'o': 0, 's': 0,
	't': 0, ')': 0, 'u': 0, 'K': 1, 'M': 2, 'J': 4, 'G': 8, 'h': 1, 'j': 4, 'q': 1, 'r': 4,
	'F': line, 'I': line, 'L': line, 'P': line, 'S': line, 'V': line, 'g': line, 'p': line, 'c': twoLines, 'i': twoLines,
	'T': counted4, 'U': counted1, 'X': counted4,
	// Protocol 2.
	opProto: 1, 0x81: 0, 0x85: 0, 0x86: 0, 0x87: 0, 0x88: 0, 0x89: 0, 0x8a: counted1, 0x8b: countedLong,
	// Protocols 3, 4 and 5. A frame's bytes are operations, which are looked at as such.
	'B': counted4, 'C': counted1, 0x8c: counted1, 0x8d: counted8, 0x8e: counted8, 0x8f: 0, 0x90: 0, 0x91: 0, 0x92: 0, 0x93: 0, 0x94: 0, 0x95: 8, 0x96: counted8,
}

// popMarks are the operations that take what lies above the newest mark.
const popMarks = "1deltuio\x90\x91"

// scan returns how long the pickle at the start of data is. It sees to it that
// the unpickler, which believes every length, allocates no more than there is.
func scan(data []byte) (int, error) {
	data = data[:min(len(data), maxPickle)]
	s := scanner{data: data}
	for range maxOperations {
		op, err := s.next()
		if err != nil {
			return 0, err
		}
		if op == opStop {
			return s.at, nil
		}
		if s.marks > maxMarks {
			return 0, fmt.Errorf("got objects nested more than %d deep; %s", maxMarks, want)
		}
	}
	return 0, fmt.Errorf("got more than %d operations of a pickle; %s", maxOperations, want)
}

type scanner struct {
	data  []byte
	at    int
	marks int
}

// next goes over one operation.
func (s *scanner) next() (op byte, err error) {
	b, err := s.take(1)
	if err != nil {
		return 0, err
	}
	op = b[0]
	kind, known := arguments[op]
	if !known {
		return 0, damaged("no pickle has the operation %#02x, at byte %d", op, s.at-1)
	}
	switch {
	case op == opMark:
		s.marks++
	case bytes.IndexByte([]byte(popMarks), op) >= 0:
		s.marks--
	}
	return op, s.skip(op, kind)
}

func (s *scanner) skip(op byte, kind argument) error {
	switch kind {
	case line:
		return s.line()
	case twoLines:
		if err := s.line(); err != nil {
			return err
		}
		return s.line()
	case counted1:
		return s.counted(1, math.MaxUint8)
	case counted4:
		return s.counted(4, maxPickle)
	case counted8:
		return s.counted(8, maxPickle)
	case countedLong:
		return s.counted(4, math.MaxUint8)
	}
	b, err := s.take(int(kind))
	if err == nil && op == 0x95 && binary.LittleEndian.Uint64(b) > uint64(len(s.data)-s.at) {
		err = s.short(binary.LittleEndian.Uint64(b))
	}
	return err
}

func (s *scanner) line() error {
	rest := s.data[s.at:]
	end := bytes.IndexByte(rest[:min(len(rest), maxLine)], '\n')
	if end < 0 {
		return damaged("a line at byte %d has no end", s.at)
	}
	s.at += end + 1
	return nil
}

// counted goes over bytes whose number stands in the width bytes before them.
func (s *scanner) counted(width int, most uint64) error {
	b, err := s.take(width)
	if err != nil {
		return err
	}
	var wide [8]byte
	copy(wide[:], b)
	n := binary.LittleEndian.Uint64(wide[:])
	if n > most {
		return damaged("got a length of %d bytes at byte %d of a pickle, want at most %d", n, s.at, most)
	}
	_, err = s.take(int(n))
	return err
}

func (s *scanner) take(n int) ([]byte, error) {
	if n > len(s.data)-s.at {
		return nil, s.short(uint64(n))
	}
	s.at += n
	return s.data[s.at-n : s.at], nil
}

func (s *scanner) short(n uint64) error {
	if len(s.data) == maxPickle {
		return fmt.Errorf("got a pickle of more than %d bytes; %s", maxPickle, want)
	}
	return damaged("a pickle wants %d bytes from byte %d on, and there are %d", n, s.at, len(s.data)-s.at)
}

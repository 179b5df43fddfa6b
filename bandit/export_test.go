package bandit

import (
	"fmt"
	"hash/crc32"
)

// ParseContent reads a line of which only the checksum is missing.
func ParseContent(content []byte) (Record, error) {
	return parseLine(fmt.Appendf(content[:len(content):len(content)], sumBegins+"%08x"+sumEnds, crc32.Checksum(content, castagnoli)))
}

// Rewritten writes a record and reads it.
func Rewritten(r *Record) (Record, error) {
	line, err := appendLine(nil, r)
	if err != nil {
		return Record{}, err
	}
	return parseLine(line)
}

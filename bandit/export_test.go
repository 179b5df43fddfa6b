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

// Quick makes a policy that is as usual but for small networks, which are trained
// little, and for chances that are counted roughly.
func (c *Config) Quick() {
	c.pace = &pace{hidden: []int{16, 8}, rate: 1e-2, decay: 0.1, every: 10, steps: 5, early: 10, batch: 32}
	c.draws = 200
}

package journal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/karlquant/quasar/trade"
)

// What a durable entry costs, beside the least that it could: as many bytes written to
// the end of a file and synced. A cycle is three entries, each in a transaction.
func BenchmarkAppend(b *testing.B) {
	dir := b.TempDir()
	j, err := Open(dir, account, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := j.Close(); err != nil {
			b.Error(err)
		}
	}()
	if err := j.Append(b.Context(), opened()); err != nil {
		b.Fatal(err)
	}
	bytes := 0
	for b.Loop() {
		e := nth(j.last.seq + 1)
		if err := j.Append(b.Context(), e); err != nil {
			b.Fatal(err)
		}
		text, err := e.Encode()
		if err != nil {
			b.Fatal(err)
		}
		bytes += len(text)
	}
	b.ReportMetric(float64(bytes)/float64(b.N), "bytes/entry")
}

func BenchmarkWriteAndSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "file"))
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for n := int64(2); b.Loop(); n++ {
		text, err := nth(n).Encode()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.Write(text); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen verifies a journal of 10,000 entries.
func BenchmarkOpen(b *testing.B) {
	const entries = 10_000
	dir := b.TempDir()
	j, err := Open(dir, account, nil)
	if err != nil {
		b.Fatal(err)
	}
	for j.last.seq < entries {
		var batch []*trade.Entry
		for i := range int64(500) {
			batch = append(batch, nth(j.last.seq+1+i))
		}
		if err := j.Append(b.Context(), batch...); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		j, err := Open(dir, account, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
}

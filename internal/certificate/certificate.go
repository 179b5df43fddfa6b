// Package certificate keeps the certificate of a server current, and who vouches for
// those of others: it reads them from files, and again when they change, without a
// restart. It makes none.
package certificate

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// Options say where a certificate is.
type Options struct {
	// Chain and Key are PEM files: the certificate of the server with those that
	// vouch for it behind it, and its private key. Both are wanted.
	Chain, Key string
	// Every is how often Run looks whether they have changed; 0 for 3 s.
	Every time.Duration
	// Logger gets what a person who runs the server should know; nil for none.
	Logger *slog.Logger
}

// lookEvery is how often files are looked at.
const lookEvery = 3 * time.Second

// File is a certificate that is read from files.
type File struct {
	opts    Options
	current atomic.Pointer[tls.Certificate]

	// Run's own.
	read   pair      // what current was made of
	broken pair      // what was complained of; zero for nothing
	warned time.Time // when it was last said that current expires
}

// pair is what stands in the two files.
type pair struct{ chain, key []byte }

func (p pair) equal(q pair) bool { return bytes.Equal(p.chain, q.chain) && bytes.Equal(p.key, q.key) }

// Open reads a certificate. It starts nothing.
func Open(opts *Options) (*File, error) {
	f := &File{opts: *opts}
	if f.opts.Every == 0 {
		f.opts.Every = lookEvery
	}
	if f.opts.Logger == nil {
		f.opts.Logger = slog.New(slog.DiscardHandler)
	}
	found, err := f.find()
	if err != nil {
		return nil, err
	}
	if err := f.use(found); err != nil {
		return nil, err
	}
	return f, nil
}

// Get is what a tls.Config takes as GetCertificate.
func (f *File) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current.Load(), nil }

// Expires tells when the certificate that is in use does.
func (f *File) Expires() time.Time { return f.current.Load().Leaf.NotAfter }

// Run takes a new certificate in when the files change, until ctx ends. While they
// cannot be read, or do not go together, the one of before stays. It warns of the
// end of a certificate two weeks before, once a day.
func (f *File) Run(ctx context.Context) error {
	ticker := time.NewTicker(f.opts.Every)
	defer ticker.Stop()
	f.warn(time.Now())
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			f.look()
			f.warn(now)
		}
	}
}

// look takes in what has changed, and complains once of what is no good.
func (f *File) look() {
	found, err := f.find()
	if err == nil {
		if found.equal(f.read) {
			f.broken = pair{}
			return
		}
		if found.equal(f.broken) {
			return
		}
		if err = f.use(found); err == nil {
			f.broken, f.warned = pair{}, time.Time{}
			return
		}
	} else {
		found = pair{chain: []byte(err.Error())} // stands for it
		if found.equal(f.broken) {
			return
		}
	}
	f.broken = found
	f.opts.Logger.Error("the new certificate is no good, that of before stays in use", "err", err, "expires", f.Expires())
}

const (
	// warnBefore is how long before its end a certificate is talked of: those that
	// are made anew by themselves have been by then.
	warnBefore = 14 * 24 * time.Hour
	warnEvery  = 24 * time.Hour
)

func (f *File) warn(now time.Time) {
	left := f.Expires().Sub(now)
	if left > warnBefore || now.Sub(f.warned) < warnEvery {
		return
	}
	f.warned = now
	if left <= 0 {
		f.opts.Logger.Error("the certificate has expired: nobody who checks it comes in", "expired", f.Expires(), "file", f.opts.Chain)
		return
	}
	f.opts.Logger.Warn("the certificate expires soon", "expires", f.Expires(), "in", left.Round(time.Minute), "file", f.opts.Chain)
}

// use makes a certificate of what was found and puts it in the place of the other.
func (f *File) use(found pair) error {
	made, err := tls.X509KeyPair(found.chain, found.key)
	if err != nil {
		return fmt.Errorf("%s with %s: %w", f.opts.Chain, f.opts.Key, err)
	}
	f.current.Store(&made)
	f.read = found
	f.opts.Logger.Info("certificate in use", "file", f.opts.Chain, "names", made.Leaf.DNSNames, "expires", made.Leaf.NotAfter)
	return nil
}

func (f *File) find() (found pair, err error) {
	if found.chain, err = read(f.opts.Chain); err != nil {
		return pair{}, err
	}
	if found.key, err = read(f.opts.Key); err != nil {
		return pair{}, err
	}
	return found, nil
}

// maxFile is more than any certificate with its chain has, in bytes.
const maxFile = 1 << 20

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s: got more than %d bytes, want a certificate or a key in PEM", path, maxFile)
	}
	return data, err
}

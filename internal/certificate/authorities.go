package certificate

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// AuthoritiesOptions say where those are who vouch for others' certificates.
type AuthoritiesOptions struct {
	// File has their certificates, in PEM. It is wanted.
	File string
	// Every is how often Run looks whether it has changed; 0 for 3 s.
	Every time.Duration
	// Logger gets what a person who runs the server should know; nil for none.
	Logger *slog.Logger
}

// Authorities are those who vouch for others' certificates, as a file has them.
type Authorities struct {
	opts    AuthoritiesOptions
	current atomic.Pointer[x509.CertPool]

	// Run's own.
	read   []byte // what current was made of
	broken string // what was complained of; "" for nothing
}

// OpenAuthorities reads who is trusted. It starts nothing.
func OpenAuthorities(opts *AuthoritiesOptions) (*Authorities, error) {
	a := &Authorities{opts: *opts}
	if a.opts.Every == 0 {
		a.opts.Every = lookEvery
	}
	if a.opts.Logger == nil {
		a.opts.Logger = slog.New(slog.DiscardHandler)
	}
	if err := a.take(); err != nil {
		return nil, err
	}
	return a, nil
}

// Pool returns those who are trusted now. It is another one if and only if the file
// has changed. Nobody may change it.
func (a *Authorities) Pool() *x509.CertPool { return a.current.Load() }

// Run takes the file in when it changes, until ctx ends. While it cannot be read, or
// has something in it that is no certificate, those of before stay.
func (a *Authorities) Run(ctx context.Context) error {
	ticker := time.NewTicker(a.opts.Every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			a.look()
		}
	}
}

// look takes in what has changed, and complains once of what is no good.
func (a *Authorities) look() {
	err := a.take()
	if err == nil {
		a.broken = ""
		return
	}
	if err.Error() == a.broken {
		return
	}
	a.broken = err.Error()
	a.opts.Logger.Error("the new authorities are no good, those of before stay trusted", "err", err)
}

// take puts what the file has in the place of what it had.
func (a *Authorities) take() error {
	text, err := read(a.opts.File)
	if err != nil {
		return err
	}
	if a.read != nil && bytes.Equal(text, a.read) {
		return nil
	}
	pool, names, err := trusted(text)
	if err != nil {
		return fmt.Errorf("%s: %w", a.opts.File, err)
	}
	a.current.Store(pool)
	a.read = text
	a.opts.Logger.Info("authorities trusted", "file", a.opts.File, "names", names)
	return nil
}

// trusted reads certificates, and takes all of them or none: half a file trusts fewer
// than somebody meant.
func trusted(text []byte) (pool *x509.CertPool, names []string, err error) {
	pool = x509.NewCertPool()
	left := text
	for block, rest := pem.Decode(left); block != nil; block, rest = pem.Decode(left) {
		left = rest
		if block.Type != "CERTIFICATE" {
			return nil, nil, fmt.Errorf("got a %.40q, want nothing but certificates", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("certificate %d: %w", len(names)+1, err)
		}
		pool.AddCert(cert)
		names = append(names, cert.Subject.String())
	}
	if len(names) == 0 || bytes.Contains(left, []byte("-----BEGIN ")) {
		return nil, nil, fmt.Errorf("got %d whole certificates in %d bytes, want one or more in PEM, and nothing cut off", len(names), len(text))
	}
	return pool, names, nil
}

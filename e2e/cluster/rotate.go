//go:build unix

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// authority vouches for certificates of hubs.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	from := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, from, from, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &authority{cert, key}, err
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// issue makes a certificate for a hub, with its key, both in PEM.
func (a *authority) issue() (chain, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	from := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{"quasar-hub"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(12 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, from, a.cert, &private.PublicKey, a.key)
	if err != nil {
		return nil, nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), err
}

// keys are the files with the certificates of a cluster, the same for its hubs.
type keys struct{ ca, cert, key string }

func (c *cluster) keys() keys {
	return keys{filepath.Join(c.dir, "ca.crt"), filepath.Join(c.dir, "hub.crt"), filepath.Join(c.dir, "hub.key")}
}

func (k *keys) trust(by ...*authority) error {
	var text []byte
	for _, a := range by {
		text = append(text, a.pem()...)
	}
	return os.WriteFile(k.ca, text, 0o600)
}

func (k *keys) show(a *authority) error {
	chain, key, err := a.issue()
	return errors.Join(err, os.WriteFile(k.cert, chain, 0o600), os.WriteFile(k.key, key, 0o600))
}

// rotate replaces the authority of hubs that run, the way that docs/cluster.md has it,
// under load; then each is started anew, and has to be let in by those that were not.
func rotate(ctx context.Context, _ *plan, c *cluster) error {
	old, err := newAuthority("old")
	made, err2 := newAuthority("new")
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	k := c.keys()
	if err := errors.Join(k.trust(old), k.show(old)); err != nil {
		return err
	}
	c.set("FLAGS", fmt.Sprintf("--insecure-allow-anonymous --publisher-rate 0 --cluster-tls-cert %s --cluster-tls-key %s --cluster-tls-ca %s", k.cert, k.key, k.ca))
	if err := c.up(ctx); err != nil {
		return err
	}
	w := c.watch(ctx)
	for _, step := range []func() error{
		func() error { return k.trust(old, made) },
		func() error { return k.show(made) },
		func() error { return k.trust(made) },
	} {
		if err := step(); err != nil {
			return err
		}
		time.Sleep(4 * time.Second) // the files are looked at every three
	}
	if err := c.noneLost(ctx); err != nil {
		return err
	}
	for n := 1; n <= 3; n++ {
		if err := errors.Join(c.end(n), c.start(n), c.agreeUnderLoad(ctx, 10*time.Second)); err != nil {
			return fmt.Errorf("hub %d, with the new authority: %w", n, err)
		}
		if _, err := w.flows(ctx, 10*time.Second); err != nil {
			return err
		}
	}
	return w.end(ctx, c)
}

// noneLost holds all hubs to having seen each other all the time.
func (c *cluster) noneLost(ctx context.Context) error {
	lost, err := c.counted(ctx, "lost_hubs")
	if err != nil {
		return err
	}
	for i, n := range lost {
		if n != 0 {
			return fmt.Errorf("hub %d: lost others %d times, want never", i+1, n)
		}
	}
	return nil
}

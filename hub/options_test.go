package hub_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"testing"
	"time"

	"github.com/karlquant/quasar/hub"
)

func TestOptionsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name string
		opts hub.Options
		want string
	}{
		{"an id that would not survive a log", hub.Options{ID: "a\nb"}, `hub id: got "a\nb", want 1 to 64 letters, digits, dots, underscores or hyphens`},
		{"a negative age", hub.Options{StaleAfter: -time.Second}, "StaleAfter: got -1s, want a positive duration"},
		{"a negative interval", hub.Options{PingInterval: -1}, "PingInterval: got -1ns, want a positive duration"},
		{"a negative patience", hub.Options{PeerTimeout: -time.Minute}, "PeerTimeout: got -1m0s, want a positive duration"},
		{"a negative timeout", hub.Options{WriteTimeout: -1}, "WriteTimeout: got -1ns, want a positive duration"},
		{"no time for a pong", hub.Options{PingInterval: time.Minute, PeerTimeout: time.Minute}, "PeerTimeout: got 1m0s, want more than the PingInterval of 1m0s"},
		{"a negative number of publishers", hub.Options{MaxPublishers: -1}, "MaxPublishers: got -1, want a positive number"},
		{"a negative number of subscribers", hub.Options{MaxSubscribers: -1}, "MaxSubscribers: got -1, want a positive number"},
		{"a negative number of one address", hub.Options{MaxPerAddress: -1}, "MaxPerAddress: got -1, want a positive number"},
		{"a negative rate", hub.Options{PublisherRate: -1}, "PublisherRate: got -1, want a positive number"},
		{"a rate that nothing can be times", hub.Options{PublisherRate: math.MaxInt}, fmt.Sprintf("PublisherRate: got %d, want 0 for no bound, or at most 10000000", math.MaxInt)},
		{"a message that decoding refuses", hub.Options{MaxMessage: 65537}, "MaxMessage: got 65537, want 1 to 65536 bytes"},
		{"a negative lag", hub.Options{MaxLag: -1}, "MaxLag: got -1, want a positive number of bytes"},
		{"a negative log", hub.Options{LogSize: -1}, "LogSize: got -1, want 1 to 1073741824 bytes"},
		{"a log that no memory has room for", hub.Options{LogSize: math.MaxInt}, fmt.Sprintf("LogSize: got %d, want 1 to 1073741824 bytes", math.MaxInt)},
		{"a negative number of spaces", hub.Options{MaxSpaces: -1}, "MaxSpaces: got -1, want a positive number"},
	} {
		if h, err := hub.New(&c.opts); err == nil || err.Error() != c.want || h != nil {
			t.Errorf("%s: got %v, %v, want nil and %q", c.name, h, err, c.want)
		}
	}
	for _, opts := range []*hub.Options{nil, {}, {ID: "h1", MaxSpaces: 1, PingInterval: time.Second, PeerTimeout: 2 * time.Second}} {
		if _, err := hub.New(opts); err != nil {
			t.Errorf("%+v: %v", opts, err)
		}
	}
}

func TestFilesThatCannotBeReadAreAnError(t *testing.T) {
	for name, opts := range map[string]*hub.Options{"UI": {UI: brokenFS{}}, "SDK": {SDK: brokenFS{}}} {
		if h, err := hub.New(opts); !errors.Is(err, fs.ErrPermission) || h != nil {
			t.Errorf("%s: got %v, %v, want nil and %v", name, h, err, fs.ErrPermission)
		}
	}
}

// brokenFS is a file system that may not be read.
type brokenFS struct{}

func (brokenFS) Open(string) (fs.File, error) { return nil, fs.ErrPermission }

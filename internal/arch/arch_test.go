package arch

import (
	"os"
	"testing"
)

// TestHouse holds the arrows over this module.
func TestHouse(t *testing.T) {
	law, err := House()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := Check(os.DirFS("../.."), "github.com/karlquant/quasar", law)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

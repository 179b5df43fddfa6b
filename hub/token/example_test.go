package token_test

import (
	"fmt"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/token"
)

// A token is shown to whoever asked for it; what is kept is an entry with its hash.
func Example() {
	secret, entry, err := token.New(token.Entry{ID: "trainer-1", Role: hub.RolePublisher, Spaces: []string{"V75"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	store, err := token.Open(&token.Options{Inline: string(token.Append(nil, entry))})
	if err != nil {
		fmt.Println(err)
		return
	}
	grant, ok := store.Authenticate(secret.Reveal())
	fmt.Println(grant.ID, grant.Role, grant.Spaces, ok)
	_, ok = store.Authenticate("another")
	fmt.Println(ok, secret)
	// Output:
	// trainer-1 publisher [V75] true
	// false [redacted]
}

package app

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/karlquant/quasar/hub"
	"github.com/karlquant/quasar/hub/token"
	"github.com/karlquant/quasar/internal/guard"
	"github.com/karlquant/quasar/ranker"
)

// viewers tells a ranker who may look: whoever has a valid token of a viewer or an
// admin of the file that a hub has, too. It is nil where anybody may, which beyond this
// machine takes a flag.
func viewers(store *token.Store, flags *rankFlags) (func(token string) (ranker.Viewer, bool), error) {
	missing := store == nil || slices.Contains(store.Missing(time.Now()), hub.RoleViewer)
	if err := guard.CheckListen(flags.listen); missing && !flags.insecure && errors.Is(err, guard.ErrNotLoopback) {
		return nil, misconfigured(fmt.Errorf("%w, and there is no valid token for a viewer. Make one:\n%s"+
			"and start the ranker with --tokens-file; or listen on 127.0.0.1; or accept with --insecure-allow-anonymous that anybody there may look",
			err, flags.tokens.commands([]hub.Role{hub.RoleViewer})))
	}
	if store == nil || flags.insecure && !store.Knows(hub.RoleViewer) && !store.Knows(hub.RoleAdmin) {
		return nil, nil
	}
	return func(text string) (ranker.Viewer, bool) {
		grant, ok := store.Authenticate(text)
		return ranker.Viewer{ID: grant.ID, Live: grant.Live}, ok && (grant.Role == hub.RoleViewer || grant.Role == hub.RoleAdmin)
	}, nil
}

package deriv

import (
	"strconv"
	"sync"
)

// appID is the number that the venue stamps on what an account buys.
type appID struct {
	mu        sync.Mutex // guards what follows
	id        int64
	confirmed bool
	own       map[TransactionID]bool // buys of ours that no record was seen of
}

// ownMost is how many buys are remembered: the first record of any is enough.
const ownMost = 256

func newAppID(configured string) *appID {
	id, _ := strconv.ParseInt(configured, 10, 64) // 0 where it is no number
	return &appID{id: id, own: make(map[TransactionID]bool)}
}

func (a *appID) bought(id TransactionID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.confirmed && id != 0 && len(a.own) < ownMost {
		a.own[id] = true
	}
}

// learn looks at a row of the venue's record.
func (a *appID) learn(id TransactionID, app int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.own[id] {
		a.id, a.confirmed = app, true
		clear(a.own)
	}
}

// AppID is the number by which the venue's records tell what this account bought
// from what other apps did. [?] What a personal access token stamps on contracts
// is not known for sure, so it is taken from the first own buy that a portfolio, a
// profit table or a statement shows; before that it is Options.AppID, 0 if that is
// no number, and not confirmed.
func (a *Account) AppID() (id int64, confirmed bool) {
	a.apps.mu.Lock()
	defer a.apps.mu.Unlock()
	return a.apps.id, a.apps.confirmed
}

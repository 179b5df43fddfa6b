package trade

import "time"

// Entry is one line of a journal: something that happened, or was about to. Exactly
// one of the pointers is set.
type Entry struct {
	// Seq counts the entries of a journal from 1; the journal gives it.
	Seq int64 `json:"seq"`
	// At is the broker's clock.
	At time.Time `json:"at"`

	Opened     *Opened     `json:"opened,omitempty"`
	Planned    *Intent     `json:"planned,omitempty"`
	Sent       *Sent       `json:"sent,omitempty"`
	Bought     *Bought     `json:"bought,omitempty"`
	Rejected   *Rejected   `json:"rejected,omitempty"`
	Unknown    *Unknown    `json:"unknown,omitempty"`
	Abandoned  *Abandoned  `json:"abandoned,omitempty"`
	Settled    *Settled    `json:"settled,omitempty"`
	Adopted    *Adopted    `json:"adopted,omitempty"`
	Refused    *Refused    `json:"refused,omitempty"`
	Halted     *Halted     `json:"halted,omitempty"`
	Resumed    *Resumed    `json:"resumed,omitempty"`
	Tightened  *Tightened  `json:"tightened,omitempty"`
	Reconciled *Reconciled `json:"reconciled,omitempty"`
	Started    *Started    `json:"started,omitempty"`
}

// Opened is the first entry of a journal: whose it is, and what it began with.
type Opened struct {
	Account Account `json:"account"`
	Balance Money   `json:"balance"`
	// Watermark is the highest transaction that was there before.
	Watermark int64 `json:"watermark"`
}

// Started tells that a process took the journal over.
type Started struct {
	Version string `json:"version,omitempty"`
	// Limits are what the gate was told, for the record.
	Limits *Limits `json:"limits,omitempty"`
	// Again is true where it had it before, and could not write in it for a while.
	Again bool `json:"again,omitzero"`
}

// Intent is an order that is about to be sent: state Planned.
type Intent struct {
	// ID names the intent.
	ID     string `json:"id"`
	Signal Signal `json:"signal"`
	Quote  Quote  `json:"quote"`
	// Most is the highest price that the buy allows.
	Most Money `json:"most"`
	// Watermark is the highest transaction that was known: one that becomes ours is
	// above it.
	Watermark int64 `json:"watermark"`
	// Deadline is how long the buy may take.
	Deadline time.Duration `json:"deadline"`
}

// Sent tells that the buy of an intent leaves now: it may have been bought.
type Sent struct {
	Intent string `json:"intent"`
}

// Bought tells that an intent is a contract: state Open.
type Bought struct {
	Intent  string  `json:"intent"`
	Receipt Receipt `json:"receipt"`
	// Found is true where the venue's record told, and no answer.
	Found bool `json:"found,omitzero"`
	// By is the person who said that it is this contract, "" where nobody had to.
	By string `json:"by,omitzero"`
}

// Rejected tells that the venue did not sell.
type Rejected struct {
	Intent string `json:"intent"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
}

// Unknown tells that nobody knows whether the venue sold.
type Unknown struct {
	Intent string `json:"intent"`
	Reason string `json:"reason"`
}

// Abandoned tells that the venue has no contract of an intent.
type Abandoned struct {
	Intent string `json:"intent"`
	Reason string `json:"reason"`
}

// Settled is the end of a contract. There is one of each.
type Settled struct {
	Intent     string     `json:"intent"` // "" for an orphan's
	Contract   int64      `json:"contract"`
	Settlement Settlement `json:"settlement"`
	// Path is what told first: "contract", "transaction", "record".
	Path string `json:"path"`
}

// Adopted is a contract of our app that no intent of ours explains: state Orphan.
type Adopted struct {
	Contract Contract `json:"contract"`
}

// Refused is a signal that the gate let not become an order, or the end of an attempt
// that came to no intent.
type Refused struct {
	Signal  Signal   `json:"signal"`
	Reasons []Reason `json:"reasons"`
	// Details say of each reason what was got and what is wanted.
	Details []string `json:"details,omitempty"`
}

// Halted stops all buying until a person resumes it.
type Halted struct {
	Reason Reason `json:"reason"`
	Detail string `json:"detail,omitempty"`
	// By is who: "gate", "reconcile", "signal", "file", "api NAME", "telegram NAME".
	By string `json:"by"`
}

// Resumed ends a halt. There is a person behind it.
type Resumed struct {
	By   string `json:"by"`
	Note string `json:"note,omitempty"`
}

// Tightened tells which limits are in force from now on, until the process ends.
type Tightened struct {
	Limits *Limits `json:"limits"`
	By     string  `json:"by"`
	Note   string  `json:"note,omitempty"`
}

// Reconciled tells that journal and venue agree, or in what they do not.
type Reconciled struct {
	Balance   Money `json:"balance"`
	Watermark int64 `json:"watermark"`
	// Adjusted is what moved the balance and is no contract of ours: deposits,
	// withdrawals, contracts of others.
	Adjusted Money `json:"adjusted,omitzero"`
	// Foreign are open contracts of other apps.
	Foreign []Contract `json:"foreign,omitempty"`
}

package trade

import "time"

// Notice is something that a person should be told.
type Notice struct {
	At      time.Time
	Account Account
	Kind    NoticeKind
	// Text says it in one line; Order is what it is about, nil for none.
	Text  string
	Order *Order
}

// NoticeKind sorts notices.
type NoticeKind string

// The kinds of notices.
const (
	NoticeBought     NoticeKind = "bought"
	NoticeSettled    NoticeKind = "settled"
	NoticeUnknown    NoticeKind = "unknown"
	NoticeResolved   NoticeKind = "resolved"
	NoticeHalted     NoticeKind = "halted"
	NoticeResumed    NoticeKind = "resumed"
	NoticeTightened  NoticeKind = "tightened"
	NoticeReconciled NoticeKind = "reconciled" // the first time, and after a mismatch
)

package trade

import "errors"

var errOneThing = errors.New("want exactly one thing that happened")

// What names what happened by the name that it has in JSON: "planned", "halted". It
// is "" where nothing did, or more than one thing.
func (e *Entry) What() string {
	what := ""
	for _, thing := range []struct {
		name string
		is   bool
	}{
		{"opened", e.Opened != nil},
		{"started", e.Started != nil},
		{"planned", e.Planned != nil},
		{"sent", e.Sent != nil},
		{"bought", e.Bought != nil},
		{"rejected", e.Rejected != nil},
		{"unknown", e.Unknown != nil},
		{"abandoned", e.Abandoned != nil},
		{"settled", e.Settled != nil},
		{"adopted", e.Adopted != nil},
		{"refused", e.Refused != nil},
		{"halted", e.Halted != nil},
		{"resumed", e.Resumed != nil},
		{"tightened", e.Tightened != nil},
		{"reconciled", e.Reconciled != nil},
	} {
		if thing.is && what != "" {
			return ""
		}
		if thing.is {
			what = thing.name
		}
	}
	return what
}

// Intent is the name of the intent that it is about, "" for none.
func (e *Entry) Intent() string {
	switch {
	case e.Planned != nil:
		return e.Planned.ID
	case e.Sent != nil:
		return e.Sent.Intent
	case e.Bought != nil:
		return e.Bought.Intent
	case e.Rejected != nil:
		return e.Rejected.Intent
	case e.Unknown != nil:
		return e.Unknown.Intent
	case e.Abandoned != nil:
		return e.Abandoned.Intent
	case e.Settled != nil:
		return e.Settled.Intent
	}
	return ""
}

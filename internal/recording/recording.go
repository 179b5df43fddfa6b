// Package recording keeps what happened in files and reads it back: ticks and quotes
// of a venue and snapshots of a hub, one JSON object a line, compressed by gzip.
//
// What was synced survives a crash: each sync ends a block of the compressed
// stream and waits for the disk. A file is never written to again once another
// process begins, so a cut end harms nothing before it.
package recording

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Version is that of the format, the first line of each file.
const Version = 1

// header is the first line of a file.
type header struct {
	Version int       `json:"quasar_recording"`
	Begun   time.Time `json:"begun"`
}

// Record is one line: a tick, a quote or a snapshot. A reader leaves out what is none
// of those that it knows.
type Record struct {
	// At is when it came, by the recorder's clock.
	At time.Time `json:"at"`
	// Tick is one price of a venue.
	Tick *Tick `json:"tick,omitzero"`
	// Quote is what a venue asked for a contract.
	Quote *Quote `json:"quote,omitzero"`
	// Snapshot is one of a hub, as it was sent.
	Snapshot jsontext.Value `json:"snapshot,omitzero"`
}

// Tick is one price.
type Tick struct {
	// Symbol is the venue's: "R_75".
	Symbol string `json:"symbol"`
	// Epoch is in whole seconds of the venue.
	Epoch int64 `json:"epoch"`
	// Quote is the price as the venue wrote it.
	Quote jsontext.Value `json:"quote"`
	// Missed is how many ticks before this one are known to be gone.
	Missed int `json:"missed,omitzero"`
}

// Quote is the price of a contract that pays a fixed amount if it wins.
type Quote struct {
	// Symbol is the venue's, and so are the others' words: "R_75", "CALL", "USD".
	Symbol       string `json:"symbol"`
	ContractType string `json:"contract_type"`
	Currency     string `json:"currency"`
	// Duration is counted in Unit: t (ticks), s, m, h or d.
	Duration int    `json:"duration"`
	Unit     string `json:"unit"`
	// Ask is what it costs and Payout what it pays, as the venue wrote them.
	Ask    jsontext.Value `json:"ask"`
	Payout jsontext.Value `json:"payout"`
	// Spot is the price of the underlying, and Epoch when that was, in whole seconds
	// of the venue.
	Spot  jsontext.Value `json:"spot"`
	Epoch int64          `json:"epoch"`
}

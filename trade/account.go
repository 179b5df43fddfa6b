package trade

// Mode says whose money an account plays with. Those of different modes never share a
// journal or a number.
type Mode string

// The modes. Only Live is real money.
const (
	Paper Mode = "paper" // our own fills on the venue's quotes
	Demo  Mode = "demo"  // the venue's demo account
	Live  Mode = "live"
)

// Modes are all modes, the harmless first.
var Modes = []Mode{Paper, Demo, Live}

// Account is what is traded on.
type Account struct {
	Mode Mode `json:"mode"`
	// ID is the venue's; "paper" for a pretended one.
	ID       string `json:"id"`
	Currency string `json:"currency"`
	// AppID is what the venue marks our contracts with.
	AppID int64 `json:"app_id,omitzero"`
	// Venue is where it is: a host, "simulator", "recording".
	Venue string `json:"venue"`
}

// Banner says that it is real money, for every output; "" where it is not.
func (a *Account) Banner() string {
	if a.Mode != Live {
		return ""
	}
	return "LIVE: REAL MONEY, " + a.String()
}

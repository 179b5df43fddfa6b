package deriv_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/karlquant/quasar/deriv"
)

// What a trader has to know of each kind of error: what became of an order, and
// what to do. An error that is not understood must come out as unknown.
func TestEachErrorSaysWhatBecameOfAnOrder(t *testing.T) {
	code := func(code string) error { return &deriv.Error{Code: code} }
	status := func(n int) error { return &deriv.Error{Code: fmt.Sprintf("HTTP%d", n), Status: n} }
	sent := func(err error) error { return &deriv.CallError{Call: "buy", Sent: true, Err: err} }
	unsent := func(err error) error { return &deriv.CallError{Call: "buy", Err: err} }
	type verdict struct {
		Outcome  deriv.Outcome
		Reaction deriv.Reaction
		Again    bool // of a read
	}
	tests := []struct {
		name string
		errs []error
		want verdict
	}{
		{"no error", []error{nil}, verdict{deriv.Made, "", false}},
		{"a token that is worth nothing", []error{
			code("InvalidToken"), code("AuthorizationRequired"), code("PermissionDenied"), code("TradingDisabled"), code("ClientUnwelcome"),
			code("invalid_grant"), status(401), status(403),
		}, verdict{deriv.NotMade, deriv.Halt, false}},
		{"too many calls", []error{code("RateLimit"), code("RateLimitExceeded"), status(429)}, verdict{deriv.NotMade, deriv.Wait, true}},
		{"a selection that is refused", []error{
			code("InputValidationFailed"), code("ContractCreationFailure"), code("StakeTooLow"), code("TradingDurationNotAllowed"),
			code("InvalidInputAsset"), code("LimitOrderAmountTooLow"), code("BarrierOutOfRange"), code("InvalidtoBuy"), status(400), status(404),
		}, verdict{deriv.NotMade, deriv.Disable, false}},
		{"a price that is gone", []error{code("PriceMoved"), code("InvalidContractProposal"), code("AlreadyExpired")}, verdict{deriv.NotMade, deriv.Requote, false}},
		{"a market that is closed", []error{code("MarketIsClosed"), code("OldMarketData"), code("MissingTickMarketData")}, verdict{deriv.NotMade, deriv.Pause, false}},
		{"a limit of the account", []error{code("InsufficientBalance"), code("OpenPositionLimit"), code("SelfExclusion")}, verdict{deriv.NotMade, deriv.StopBuying, false}},
		{"a position that has changed", []error{code("ContractAlreadySold"), code("SellAtEntryTick"), code("ResaleNotOffered")}, verdict{deriv.NotMade, deriv.Reread, false}},
		{"a failure of the venue", []error{
			code("InternalServerError"), code("GeneralError"), code("WrongResponse"), code("CallError"), code("SomethingNew"), code(""), status(500), status(503),
		}, verdict{deriv.Unknown, deriv.Reconcile, true}},
		{"no answer", []error{sent(deriv.ErrDropped), sent(deriv.ErrDeadline)}, verdict{deriv.Unknown, "", true}},
		{"an answer that cannot be read, or a caller who left", []error{sent(errors.New("rubbish")), sent(context.Canceled), errors.New("rubbish")}, verdict{deriv.Unknown, "", false}},
		{"it never left", []error{unsent(deriv.ErrDisconnected), unsent(deriv.ErrBudget), unsent(deriv.ErrDropped)}, verdict{deriv.NotMade, "", true}},
		{"it was not let out", []error{unsent(deriv.ErrStaleQuote), unsent(deriv.ErrNotOffered), unsent(context.Canceled)}, verdict{deriv.NotMade, "", false}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, err := range test.errs {
				got := verdict{Outcome: deriv.OutcomeOf(err), Again: deriv.Retryable(err)}
				var e *deriv.Error
				if errors.As(err, &e) {
					got.Reaction = e.Class().Reaction()
				}
				if diff := cmp.Diff(got, test.want); diff != "" {
					t.Errorf("%v: got (-) want (+):\n%s", err, diff)
				}
			}
		})
	}
}

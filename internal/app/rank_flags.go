package app

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/karlquant/quasar/ranker"
)

// addPolicyFlags adds the flags of how a ranker learns and decides.
func addPolicyFlags(cmd *cobra.Command, flags *rankFlags) {
	f := cmd.Flags()
	f.StringVar(&flags.bandit, "bandit", "ucb", "policy: "+strings.Join(ranker.Policies, ", "))
	f.StringVar(&flags.reward, "reward", "simple", "what the policy learns from: "+strings.Join(ranker.Rewards, ", "))
	f.StringVar(&flags.feedback, "feedback", "both", "whose outcomes it learns from: "+strings.Join(ranker.Feedbacks, ", "))
	f.StringVar(&flags.model, "model", "", "file that keeps what was learned, or a PyTorch file to begin with")
	f.StringVar(&flags.decisions, "decisions", "", "file to append each decision and outcome to, for quasar eval")
	f.DurationVar(&flags.horizon, "horizon", time.Minute, "for how long a signal is followed before its outcome counts")
	f.DurationVar(&flags.every, "decide-every", 0, "how long between two decisions (default a twelfth of the horizon)")
	f.Float64Var(&flags.cost, "cost", 0.03, "what following a signal costs, in standard deviations of the price over the horizon")
	f.Float64Var(&flags.alpha, "alpha", 1, "how many standard deviations optimism adds")
	f.Float64Var(&flags.epsilon, "epsilon", 0.1, "share of blind choices of epsilon-greedy")
	f.Float64Var(&flags.half, "half-life", 0, "after how many decisions an outcome counts half (default the policy's own)")
	f.IntVar(&flags.slate, "slate", 10, "how many assets a decision chooses among at most")
	f.Float64Var(&flags.floor, "floor", 0.1, "share of decisions spread over all of the slate, so that others can be judged by the record")
	f.Uint64Var(&flags.seed, "seed", 0, "fixes all chance of the policy")
}

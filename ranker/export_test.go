package ranker

import "github.com/karlquant/quasar/bandit"

// Follow has a policy of the test decide.
func (r *Ranker) Follow(p bandit.Policy) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.learner.policy = p
	r.learner.scorer, _ = p.(bandit.Scorer)
}

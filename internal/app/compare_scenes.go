package app

import "slices"

// scene is a few frames into a space of its own.
type scene struct {
	name   string
	frames []string
	// silent tells that the last frame brings about no update.
	silent bool
	// why says why the hubs may differ here; "" for no reason that we know.
	why string
	// about are the fields that the reason is about.
	about []string
}

// reason says why a field may differ.
func (s *scene) reason(field string) string {
	if slices.Contains(s.about, field) {
		return s.why
	}
	return ""
}

// ownName stands in a frame for the name of the scene's space.
const ownName = "{space}"

// harmful tells whether the scene may leave a hub that checks nothing unable to answer:
// votes that are text do not add up, and NaN is no JSON.
func (s *scene) harmful() bool { return s.why == whyNaN || s.why == whyChecked }

// mending makes all of a space sound again.
const mending = `{"type":"metrics","training":{"training_steps":1,"actor_loss":1,"critic_loss":1,"avn_loss":1,"avn_accuracy":0.5},` +
	`"voting":{"dominant_signal":"BUY","buy_count":6,"sell_count":4,"last_price":10,"signal_source":"x"}}`

// Why the hubs may differ: what the migration guide says.
const (
	whyNull    = "what is unknown is null and not a made-up 0"
	whyNaN     = "NaN and infinities are seen: they become null, and are counted"
	whySchema  = "only the ten fields of the schema are handed on"
	whyChecked = "a value that breaks its rule is left out or set right, and counted"
	whyOrders  = "the order has a name: ask for the other with ?order="
	whyMore    = "keys were added; nothing that was there is gone"
)

// compareScenes are what both hubs hear.
var compareScenes = []scene{
	{name: "a whole frame", frames: []string{
		`{"type":"metrics","training":{"training_steps":1200,"actor_loss":0.12,"critic_loss":0.34,"avn_loss":0.05,"avn_accuracy":0.81},` +
			`"voting":{"dominant_signal":"BUY","buy_count":7,"sell_count":3,"last_price":451234.12,"signal_source":"ensemble"}}`,
	}},
	{name: "a sell, and a score below 0", frames: []string{
		`{"type":"metrics","training":{"training_steps":10,"actor_loss":-1.5,"critic_loss":2,"avn_loss":0.5,"avn_accuracy":0.9},` +
			`"voting":{"dominant_signal":"SELL","buy_count":4,"sell_count":6,"last_price":99.5,"signal_source":"one"}}`,
	}},
	{name: "training and votes apart", frames: []string{
		`{"type":"training","data":{"training_steps":5,"actor_loss":1,"critic_loss":1,"avn_loss":1,"avn_accuracy":0.5}}`,
		`{"type":"voting","data":{"dominant_signal":"NEUTRAL","buy_count":5,"sell_count":5,"last_price":10,"signal_source":"x"}}`,
	}},
	{name: "a part keeps the rest", frames: []string{
		`{"type":"metrics","training":{"training_steps":1,"actor_loss":1,"critic_loss":1,"avn_loss":1,"avn_accuracy":0.5},` +
			`"voting":{"dominant_signal":"BUY","buy_count":9,"sell_count":1,"last_price":10,"signal_source":"x"}}`,
		`{"type":"training","data":{"training_steps":2}}`,
	}},
	{name: "a heartbeat", frames: []string{`{"type":"heartbeat"}`}, silent: true},
	{name: "a ping", frames: []string{`{"type":"ping"}`}, silent: true},
	{name: "its own name", frames: []string{`{"type":"identify","space":"` + ownName + `"}`}, silent: true},
	{name: "training alone", frames: []string{`{"type":"training","data":{"training_steps":7,"avn_accuracy":0.4}}`}, why: whyNull},
	{name: "no votes at all", frames: []string{
		`{"type":"metrics","training":{"training_steps":3,"avn_accuracy":0.4},"voting":{"dominant_signal":"NEUTRAL","buy_count":0,"sell_count":0}}`,
	}, why: whyNull},
	{name: "a loss that diverged", frames: []string{
		`{"type":"training","data":{"training_steps":1,"actor_loss":0.5}}`,
		`{"type":"training","data":{"training_steps":2,"actor_loss":NaN}}`,
	}, why: whyNaN, about: []string{"actor_loss"}},
	{name: "foreign fields", frames: []string{
		`{"type":"metrics","training":{"training_steps":1,"avn_accuracy":0.5,"rewards":[1,2],"cpu_percent":50},"voting":{"buy_count":1,"sell_count":1,"q_buy":0.5},"buffer_size":9}`,
	}, why: whySchema},
	{name: "values out of range", frames: []string{
		`{"type":"metrics","training":{"training_steps":-1,"avn_accuracy":1.7},"voting":{"dominant_signal":"HOLD","buy_count":"7","sell_count":3.0}}`,
	}, why: whyChecked, about: []string{"training_steps", "avn_accuracy", "dominant_signal", "buy_count", "sell_count"}},
}

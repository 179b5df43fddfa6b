package publisher

import "time"

// Stats is what a publisher has done since it was made. All counts only rise.
type Stats struct {
	// Connected tells whether there is a connection to the hub now, and
	// ConnectedAt since when the newest has been; the zero time is never.
	Connected   bool
	ConnectedAt time.Time
	// Connects counts the connections made, Attempts those tried.
	Connects, Attempts int64

	// Published counts the calls of Publish that held something to send. Each
	// was either Sent in a frame of its own, or was Merged with a later one into
	// that one's frame, or is still Pending, or held only votes that expired.
	Published, Sent, Merged, Pending int64
	// Resent counts the frames that repeated the newest state after a
	// reconnect, with nothing new in them.
	Resent int64
	// Heartbeats counts the frames that said no more than that the space lives.
	Heartbeats int64

	// DroppedFields counts the values that broke the schema and were left out.
	DroppedFields int64
	// DroppedClosed counts the calls of Publish after Close.
	DroppedClosed int64
	// ExpiredVotes counts the times that votes were left out because they had
	// grown older than Options.MaxVoteAge.
	ExpiredVotes int64
	// Discarded counts the data frames that came from the hub.
	Discarded int64

	// LastError is why the newest connection ended or could not be made; nil
	// before the first such event.
	LastError error
}
